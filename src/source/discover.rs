//! Finds the log that Falco writes on this machine: from its configuration, else in the usual places.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Spec;

/// Falco's main configuration file.
const MAIN: &str = "etc/falco/falco.yaml";
/// Where its parts are unless the main file names other places (`config_files`).
const PARTS: &str = "etc/falco/config.d";
/// Logs by the names that guides and packages use.
const USUAL: &[&str] = &[
    "var/log/falco/events.json",
    "var/log/falco/falco.json",
    "var/log/falco/falco.log",
    "var/log/falco/events.log",
    "var/log/falco/alerts.json",
    "var/log/falco/alerts.log",
    "var/log/falco.json",
    "var/log/falco.log",
    "var/log/falco_events.json",
    "var/log/falco_events.log",
    "var/log/falco_events.txt",
];

/// A place that was looked at, and what was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    pub path: PathBuf,
    /// A few words: `not there`, `file_output is off`…
    pub found: String,
}

/// What the search came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The log to read; it may not exist yet when the configuration names it.
    pub spec: Option<Spec>,
    /// Everything that was looked at, in order.
    pub looked: Vec<Looked>,
}

/// What to switch on in `falco.yaml` so that there is a log: exact lines.
pub const SWITCH_ON: &str = "\
json_output: true
file_output:
  enabled: true
  keep_alive: false
  filename: /var/log/falco/events.json
";

/// What the configuration files say about `file_output`, later ones over earlier ones.
#[derive(Default)]
struct FileOutput {
    enabled: Option<bool>,
    filename: Option<PathBuf>,
}

/// Looks for Falco's log below `root`, which is `/` outside tests.
pub fn discover(root: &Path) -> Discovery {
    let mut discovery = Discovery::default();
    let output = configured(root, &mut discovery.looked);
    if let (Some(true), Some(filename)) = (output.enabled, output.filename) {
        let path = root.join(filename.strip_prefix("/").unwrap_or(&filename));
        discovery.looked.push(looked(&path, state_of(&path)));
        discovery.spec = Some(Spec::File(path));
        return discovery;
    }
    for place in USUAL {
        let path = root.join(place);
        let state = state_of(&path);
        let exists = path.exists();
        discovery.looked.push(looked(&path, state));
        if exists {
            discovery.spec = Some(Spec::File(path));
            return discovery;
        }
    }
    discovery
}

fn looked(path: &Path, found: impl Into<String>) -> Looked {
    Looked { path: path.to_owned(), found: found.into() }
}

fn state_of(path: &Path) -> String {
    match fs::File::open(path) {
        Ok(_) => "there".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "not there".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            "permission denied".to_owned()
        }
        Err(error) => error.to_string(),
    }
}

fn configured(root: &Path, all: &mut Vec<Looked>) -> FileOutput {
    let mut output = FileOutput::default();
    let main = root.join(MAIN);
    let mut parts = vec![root.join(PARTS)];
    if let Some(config) = read(&main, all) {
        take(&config, &main, &mut output, all);
        if let Some(places) = config.get("config_files").and_then(Value::as_array) {
            parts = places
                .iter()
                .filter_map(place)
                .map(|path| root.join(path.trim_start_matches('/')))
                .collect();
        }
    }
    for part in parts {
        for path in config_files(&part) {
            if let Some(config) = read(&path, all) {
                take(&config, &path, &mut output, all);
            }
        }
    }
    output
}

/// One place of `config_files`: a path, or an object with a `path`.
fn place(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("path")?.as_str())
}

/// The files of a configuration folder in the order in which Falco reads them; a file itself.
fn config_files(path: &Path) -> BTreeSet<PathBuf> {
    if path.is_file() {
        return BTreeSet::from([path.to_owned()]);
    }
    let Ok(entries) = fs::read_dir(path) else { return BTreeSet::new() };
    let is_yaml =
        |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_yaml).collect()
}

fn read(path: &Path, all: &mut Vec<Looked>) -> Option<Value> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            all.push(looked(path, "not there"));
            return None;
        }
        Err(error) => {
            all.push(looked(path, error.to_string()));
            return None;
        }
    };
    match serde_saphyr::from_str(&text) {
        Ok(config) => Some(config),
        Err(error) => {
            let reason = error.to_string();
            all.push(looked(
                path,
                format!("not YAML: {}", reason.lines().next().unwrap_or_default()),
            ));
            None
        }
    }
}

fn take(config: &Value, path: &Path, output: &mut FileOutput, all: &mut Vec<Looked>) {
    let Some(section) = config.get("file_output") else {
        all.push(looked(path, "says nothing of file_output"));
        return;
    };
    if let Some(enabled) = section.get("enabled") {
        output.enabled = Some(is_true(enabled));
    }
    if let Some(filename) = section.get("filename").and_then(Value::as_str) {
        output.filename = Some(filename.into());
    }
    let found = match (output.enabled, &output.filename) {
        (Some(true), Some(filename)) => format!("file_output is {}", filename.display()),
        (Some(true), None) => "file_output is on and names no file".to_owned(),
        _ => "file_output is off".to_owned(),
    };
    all.push(looked(path, found));
}

/// Falco's YAML reader takes the words of YAML 1.1, too.
fn is_true(value: &Value) -> bool {
    let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
    value.as_bool() == Some(true) || matches!(word.as_str(), "true" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(files: &[(&str, &str)], expected: Option<&str>) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let discovery = discover(root.path());
        assert_eq!(discovery.spec, expected.map(|path| Spec::File(root.path().join(path))));
        discovery.looked.into_iter().map(|looked| looked.found).collect()
    }

    #[test]
    fn the_configuration_names_the_log() {
        let on =
            "file_output:\n  enabled: true\n  keep_alive: false\n  filename: /data/falco.json\n";
        check(&[(MAIN, on)], Some("data/falco.json"));
        let off = "file_output:\n  enabled: false\n  filename: ./events.txt\n";
        let looked = check(&[(MAIN, off)], None);
        assert!(looked.contains(&"file_output is off".to_owned()));
        check(&[(MAIN, off), ("etc/falco/config.d/10.yaml", on)], Some("data/falco.json"));
        check(&[(MAIN, on), ("etc/falco/config.d/10.yaml", off)], None);
        let elsewhere = "config_files:\n  - /etc/falco/more\n";
        check(&[(MAIN, elsewhere), ("etc/falco/more/a.yaml", on)], Some("data/falco.json"));
        check(&[(MAIN, elsewhere), ("etc/falco/config.d/a.yaml", on)], None);
    }

    #[test]
    fn without_configuration_the_usual_places_are_looked_at() {
        check(&[("var/log/falco.log", "")], Some("var/log/falco.log"));
        let looked = check(&[], None);
        assert_eq!(looked.len(), 1 + USUAL.len());
    }

    #[test]
    fn a_broken_configuration_is_told() {
        let looked = check(&[(MAIN, "file_output: [")], None);
        assert!(looked.iter().any(|found| found.starts_with("not YAML")), "{looked:?}");
    }

    #[test]
    fn the_lines_to_switch_on_are_what_we_read() {
        check(&[(MAIN, SWITCH_ON)], Some("var/log/falco/events.json"));
    }
}
