use cadge::driver::{console, Input, Start};
fn main() {
    let input = match std::env::args().nth(1).as_deref() {
        Some("demo") => Input::Demo,
        Some("none") | None => Input::Nothing("looked for /etc/falco/falco.yaml: not there".into()),
        Some(path) => Input::Sources(vec![cadge::source::Spec::parse(std::ffi::OsStr::new(path))], cadge::source::Options { follow: true, ..Default::default() }),
    };
    let theme = std::env::args().nth(2);
    let (playbooks, _) = (cadge::analysis::Playbooks::builtin(), ());
    let start = Start { input, intake: Default::default(), config: None, theme, filter: None, banners: vec![], playbooks };
    eprintln!("{:?}", console(start));
}
