//! Rules by the text they print: a text alert does not name its rule, so the rule is found by its message.
//!
//! Templates come from the host's rules files, which win, and from a built-in table of facts about public rules. The
//! table holds no sentence of any rule: only the FNV-1a hash and the length of the literal text a message begins with.

mod starts;

use super::{RulesFiles, fast, rename};
use crate::model::Priority;
use rustc_hash::{FxHashMap, FxHashSet};
pub(super) use starts::Met;
use starts::{Near, Texts, start};
use std::collections::HashMap;
use std::sync::LazyLock;
use wide::u8x16;

/// Output templates of Falco's rules: from the host's rules files, and a built-in table of the official ones.
#[derive(Debug)]
pub struct Templates {
    known: Vec<Known>,
    /// Places in `known` of rules that print the same text.
    groups: Vec<Vec<u32>>,
    by_rule: HashMap<Box<str>, u32>,
    /// Texts that begin a message, and texts in its middle.
    beginnings: Texts<SHORTEST>,
    middles: Texts<SHORTEST_IN_MIDDLE>,
}

/// The rules that print one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group(u32);

/// What is known of one rule that prints a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub rule: Box<str>,
    pub priority: Option<Priority>,
    /// The event source, `syscall` where the rule names none.
    pub source: Box<str>,
    pub tags: Vec<Box<str>>,
    /// The `key=%field`s of its output, in order.
    pub keys: Vec<(Box<str>, Box<str>)>,
}

/// Longer beginnings are cut before they are hashed.
const LONGEST: usize = 250;
/// Texts that do not begin a message begin within so many bytes of it.
const WORDS: usize = 160;
/// The same, in words.
const FIRST_WORDS: usize = 24;
/// Shorter ones could begin anything.
const SHORTEST: usize = 6;
/// Of the texts that stand in the middle, so many bytes are looked at first; all are longer.
const SHORTEST_IN_MIDDLE: usize = 8;
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

impl Default for Templates {
    fn default() -> Self {
        Self::new(&RulesFiles::default())
    }
}

impl Templates {
    /// The built-in table, and the templates of the host's rules files, which win.
    pub fn new(files: &RulesFiles) -> Self {
        let mut templates = Self {
            known: Vec::new(),
            groups: Vec::new(),
            by_rule: HashMap::new(),
            beginnings: Texts::new(),
            middles: Texts::new(),
        };
        for rule in files.rules.values() {
            let known = Known {
                rule: rule.name.as_str().into(),
                priority: rule.priority,
                source: rule.source.as_str().into(),
                tags: rule.tags.iter().map(|tag| tag.as_str().into()).collect(),
                keys: keys(&rule.output),
            };
            let Some((is_beginning, text)) = anchor(&rule.output) else {
                templates.by_rule(known);
                continue;
            };
            let text = text.as_bytes();
            let start = if is_beginning {
                start::<SHORTEST>(text)
            } else {
                start::<SHORTEST_IN_MIDDLE>(text)
            };
            templates.add(is_beginning, fnv(text), text.len(), start.unwrap_or(0), known);
        }
        for line in include_str!("official.tsv").lines().filter(|line| !line.starts_with('#')) {
            templates.add_line(line);
        }
        templates
    }

    fn add_line(&mut self, line: &str) -> Option<()> {
        let mut columns = line.split('\t');
        let is_beginning = columns.next()? == "p";
        let hash = u64::from_str_radix(columns.next()?, 16).ok()?;
        let n_bytes = columns.next()?.parse().ok()?;
        let start = u32::from_str_radix(columns.next()?, 16).ok()?;
        let known = Known {
            rule: columns.next()?.into(),
            priority: columns.next().and_then(Priority::parse),
            source: columns.next()?.into(),
            tags: columns
                .next()?
                .split(',')
                .filter(|tag| !tag.is_empty())
                .map(Into::into)
                .collect(),
            keys: columns
                .next()?
                .split(' ')
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, field)| (key.into(), field.into()))
                .collect(),
        };
        self.add(is_beginning, hash, n_bytes, start, known);
        Some(())
    }

    fn add(&mut self, is_beginning: bool, hash: u64, n_bytes: usize, start: u32, known: Known) {
        let group = if is_beginning {
            self.beginnings.add(start, n_bytes, hash, self.groups.len())
        } else {
            self.middles.add(start, n_bytes, hash, self.groups.len())
        };
        let Some(group) = group else { return };
        let place = self.by_rule(known);
        match self.groups.get_mut(group) {
            Some(places) => places.push(place),
            None => self.groups.push(vec![place]),
        }
    }

    fn by_rule(&mut self, known: Known) -> u32 {
        let place = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        self.by_rule.entry(known.rule.clone()).or_insert(place);
        self.known.push(known);
        place
    }

    /// What is known of a rule by its name: the host's files first, then the table.
    pub fn rule(&self, name: &str) -> Option<&Known> {
        self.known.get(*self.by_rule.get(name)? as usize)
    }

    /// The rule that printed a message (an output without its time and priority), by the longest text that fits. Where
    /// several rules print the same text, the priority and then the keys decide.
    pub fn find(&self, message: &str, priority: Option<Priority>) -> Option<&Known> {
        let group = self.group(message.as_bytes(), &mut Met::default())?;
        self.at(self.choose(group, message, priority)?)
    }

    /// The rules that print the longest text that fits a message; `met` makes looking for the same texts again short.
    pub(super) fn group(&self, message: &[u8], met: &mut Met) -> Option<Group> {
        let near = Near::of(message);
        if let Some(group) = self.beginnings.group(near, 0, &mut met.beginnings) {
            return Some(group);
        }
        // Few rules begin with a field: their text stands behind the first words.
        let words = message.get(..message.len().min(WORDS - 1)).unwrap_or_default();
        let (blocks, rest) = words.as_chunks::<64>();
        let mut last = [0; 64];
        last.get_mut(..rest.len())?.copy_from_slice(rest);
        let (mut start, mut n_words) = (0, 0);
        for block in blocks.iter().chain([&last]) {
            let mut spaces = fast::bits(block, |part| part.simd_eq(u8x16::splat(b' ')));
            while spaces != 0 {
                let from = start + spaces.trailing_zeros() as usize + 1;
                // Of a shorter rest no text is the beginning.
                let first = message.get(from..).and_then(<[u8]>::first_chunk)?;
                if self.middles.may_begin(*first)
                    && let Some(group) = self.middles.group(near, from, &mut met.middles)
                {
                    return Some(group);
                }
                n_words += 1;
                if n_words == FIRST_WORDS {
                    return None;
                }
                spaces &= spaces - 1;
            }
            start += 64;
        }
        None
    }

    /// The place of the rule among those of a group that printed a message.
    pub(super) fn choose(
        &self,
        group: Group,
        message: &str,
        priority: Option<Priority>,
    ) -> Option<u32> {
        let places = self.groups.get(group.0 as usize)?;
        if let [one] = places.as_slice() {
            return Some(*one);
        }
        let fits = |known: &Known| {
            let same_priority = priority.is_some() && known.priority == priority;
            // In their order: what stands elsewhere is another version's, or was appended.
            let mut rest = message;
            let mut stands_next = |key: &str| {
                let Some((_, after)) = rest.split_once(&format!("{key}=")) else { return false };
                rest = after;
                true
            };
            let n_keys = known.keys.iter().filter(|(key, _)| stands_next(key)).count();
            (n_keys == known.keys.len(), same_priority, n_keys)
        };
        let candidates = places.iter().filter_map(|place| Some((*place, self.at(*place)?)));
        candidates
            .fold(None, |best: Option<(_, u32)>, (place, known)| {
                let fit = fits(known);
                match best {
                    Some((best_fit, _)) if best_fit >= fit => best,
                    _ => Some((fit, place)),
                }
            })
            .map(|(_, place)| place)
    }

    /// Whether several rules print the text of a group.
    pub(super) fn is_shared(&self, group: Group) -> bool {
        self.groups.get(group.0 as usize).is_some_and(|places| places.len() > 1)
    }

    /// What is known of the rule at a place.
    pub(super) fn at(&self, place: u32) -> Option<&Known> {
        self.known.get(place as usize)
    }

    /// The rules of a group.
    pub(super) fn of_group(&self, group: Group) -> impl Iterator<Item = &Known> {
        let places = self.groups.get(group.0 as usize).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.at(*place))
    }

    /// Every key that means something in some message, several times each.
    pub(super) fn all_keys(&self) -> impl Iterator<Item = &str> {
        let own = self.known.iter().flat_map(|known| known.keys.iter().map(|(key, _)| &**key));
        own.chain(COMMON.iter().map(|(key, _)| *key)).chain(OFFICIAL_KEYS.iter().copied())
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    fnv_on(FNV_START, bytes)
}

fn fnv_on(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME))
}

/// The literal text by which a template is known, and whether it begins the message.
fn anchor(template: &str) -> Option<(bool, String)> {
    let literals = literals(template);
    let first = literals.first().map(|(text, last)| literal(text, *last)).unwrap_or_default();
    if first.len() >= SHORTEST {
        return Some((true, first));
    }
    let middle = literals.iter().skip(1).map(|(text, last)| {
        literal(text, *last).trim_start_matches(|c: char| !c.is_alphanumeric()).to_owned()
    });
    middle.into_iter().find(|text| text.len() >= 12).map(|text| (false, text))
}

/// One literal piece up to ` (` or ` | `, without the key before a field, white space as single spaces.
fn literal(text: &str, is_last: bool) -> String {
    let text: String = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        + if text.ends_with(char::is_whitespace) { " " } else { "" };
    let cut = [" (", " | "].iter().filter_map(|separator| text.find(separator)).min();
    let text = match cut {
        Some(at) => text.get(..at).unwrap_or_default(),
        None if is_last || !text.ends_with('=') => &text,
        None => text.rsplit_once(' ').map_or("", |(before, _)| before),
    };
    let text = text.trim_end_matches([' ', '(', '|', ':', ',', '.']);
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or_default().to_owned()
}

/// The literal pieces of a template between its fields, and whether no field follows.
fn literals(template: &str) -> Vec<(&str, bool)> {
    let mut literals = Vec::new();
    let mut rest = template;
    while let Some((start, end)) = field(rest) {
        literals.push((rest.get(..start).unwrap_or_default(), false));
        rest = rest.get(end..).unwrap_or_default();
    }
    literals.push((rest, true));
    literals
}

/// Where the next `%field` of a template begins and ends.
fn field(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('%')?;
        let name = text.get(start + 1..)?.trim_start_matches(|c: char| c.is_ascii_digit());
        let name_at = text.len() - name.len();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            from = start + 1;
            continue;
        }
        let mut n_name = name
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.')))
            .unwrap_or(name.len());
        if name.get(n_name..).is_some_and(|rest| rest.starts_with('['))
            && let Some(close) = name.get(n_name..).and_then(|rest| rest.find(']'))
        {
            n_name += close + 1;
        } else if name.get(..n_name).is_some_and(|name| name.ends_with('.')) {
            n_name -= 1;
        }
        return Some((start, name_at + n_name));
    }
}

/// The `key=%field`s of a template, in order.
fn keys(template: &str) -> Vec<(Box<str>, Box<str>)> {
    let mut keys = Vec::new();
    let mut rest = template;
    while let Some((start, end)) = field(rest) {
        let before = rest.get(..start).unwrap_or_default();
        let name = rest.get(start..end).unwrap_or_default();
        let name = name.trim_start_matches(|c: char| c == '%' || c.is_ascii_digit());
        let key = before.strip_suffix('=').map(|before| {
            let is_key =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']');
            before.trim_end_matches(is_key).len()
        });
        if let Some(at) = key
            && let Some(key) = before.get(at..before.len() - 1).filter(|key| !key.is_empty())
            && name != "container.info"
        {
            keys.push((key.into(), name.into()));
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    keys
}

/// Keys that stand in messages of many versions, for fields that a template at hand does not name.
const COMMON: &[(&str, &str)] = &[
    ("container_id", "container.id"),
    ("container_name", "container.name"),
    ("container_image_repository", "container.image.repository"),
    ("container_image_tag", "container.image.tag"),
    ("container_image", "container.image.repository"),
    ("image", "container.image"),
    ("k8s_ns_name", "k8s.ns.name"),
    ("k8s_ns", "k8s.ns.name"),
    ("k8s_pod_name", "k8s.pod.name"),
    ("k8s.ns", "k8s.ns.name"),
    ("k8s.pod", "k8s.pod.name"),
    ("k8s.ns.name", "k8s.ns.name"),
    ("k8s.pod.name", "k8s.pod.name"),
    ("container", "container.id"),
    ("k8smeta_pod_name", "k8smeta.pod.name"),
    ("k8smeta_ns_name", "k8smeta.ns.name"),
    ("user", "user.name"),
    ("user_uid", "user.uid"),
    ("user_loginuid", "user.loginuid"),
    ("evt_type", "evt.type"),
    ("process", "proc.name"),
    ("program", "proc.name"),
    ("proc_name", "proc.name"),
    ("proc_exepath", "proc.exepath"),
    ("parent", "proc.pname"),
    ("gparent", "proc.aname[2]"),
    ("ggparent", "proc.aname[3]"),
    ("gggparent", "proc.aname[4]"),
    ("command", "proc.cmdline"),
    ("cmdline", "proc.cmdline"),
    ("pcmdline", "proc.pcmdline"),
    ("proc_pcmdline", "proc.pcmdline"),
    ("terminal", "proc.tty"),
    ("exe_flags", "evt.arg.flags"),
    ("connection", "fd.name"),
    ("pid", "proc.pid"),
    ("tid", "thread.tid"),
];

/// The field behind a key that no template explains: one of the common ones, or a field's own name or its form with `_`.
pub(super) fn common_field(key: &str) -> Option<&'static str> {
    static BY_KEY: LazyLock<FxHashMap<&str, &str>> =
        LazyLock::new(|| COMMON.iter().copied().collect());
    BY_KEY.get(key).copied()
}

/// Whether the official rules about system calls print this key, or any version of them did.
pub(super) fn is_official_key(key: &str) -> bool {
    OFFICIAL_KEYS.contains(key)
}

static OFFICIAL_KEYS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
    let lines = include_str!("official.tsv").lines().filter(|line| !line.starts_with('#'));
    let outputs = lines.filter_map(|line| {
        let (source, keys) = (line.split('\t').nth(6)?, line.rsplit('\t').next()?);
        (source == "syscall").then_some(keys)
    });
    let pairs = outputs.flat_map(|keys| keys.split(' '));
    pairs.filter_map(|pair| pair.split_once('=')).map(|(key, _)| key).collect()
});

/// Whether a key in a message is a field's own name.
pub(super) fn is_field_key(key: &str) -> bool {
    key.contains('.') && rename::is_field(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::RuleFacts;

    fn host(output: &str) -> Templates {
        let rule = RuleFacts {
            name: "Mine".into(),
            output: output.into(),
            source: "syscall".into(),
            priority: Some(Priority::Error),
            ..RuleFacts::default()
        };
        let mut files = RulesFiles::default();
        files.rules.insert("Mine".into(), rule);
        Templates::new(&files)
    }

    #[track_caller]
    fn check(template: &str, message: &str, found: bool) {
        let templates = host(template);
        let rule = templates.find(message, Some(Priority::Error)).map(|known| &*known.rule);
        assert_eq!(rule, found.then_some("Mine"), "{message}");
    }

    #[test]
    fn a_message_is_known_by_the_text_it_begins_with() {
        check(
            "Odd thing seen (who=%user.name what=%proc.name)",
            "Odd thing seen (who=root what=sh)",
            true,
        );
        check(
            "Odd thing seen | who=%user.name",
            "Odd thing seen | who=root container_id=host",
            true,
        );
        check("Odd thing of %user.name", "Odd thing of root", true);
        check("Odd thing without a field", "Odd thing without a field", true);
        check("Odd thing seen (who=%user.name)", "Odd things seen (who=root)", false);
        check(
            "who=%user.name did an odd thing with=%fd.name",
            "who=root did an odd thing with=/etc/x",
            true,
        );
    }

    #[test]
    fn keys_are_taken_from_the_template_in_order() {
        let templates =
            host("Odd (u=%user.name p=%proc.aname[2] %container.info pad=%20proc.name)");
        let keys: Vec<_> =
            templates.known[0].keys.iter().map(|(key, field)| format!("{key}={field}")).collect();
        assert_eq!(keys, ["u=user.name", "p=proc.aname[2]", "pad=proc.name"]);
    }

    /// The rule of a message among these, each given with its output, and the fields of the message.
    #[track_caller]
    fn chosen(rules: &[(&str, &str)], message: &str, rule: &str, expected: &str) {
        let mut files = RulesFiles::default();
        for (name, output) in rules {
            let (name, output, source) = (*name, (*output).into(), "syscall".into());
            let facts = RuleFacts { name: name.into(), output, source, ..RuleFacts::default() };
            files.rules.insert(name.into(), facts);
        }
        let templates = Templates::new(&files);
        let known = templates.find(message, Some(Priority::Error));
        assert_eq!(known.map(|known| &*known.rule), Some(rule), "{message}");
        let fields = crate::decode::cut::fields(message, known, false);
        let shown: Vec<_> =
            fields.iter().map(|(name, value)| format!("{name}={}", value.display())).collect();
        assert_eq!(shown.join(";"), expected);
    }

    /// One text with the keys of three times.
    const TIMES: [(&str, &str); 3] = [
        ("first", "Odd file (user=%user.name file=%fd.name)"),
        (
            "second",
            "Odd file (user=%user.name command=%proc.cmdline file=%fd.name parent=%proc.pname)",
        ),
        (
            "third",
            "Odd file | file=%fd.name user=%user.name parent=%proc.pname command=%proc.cmdline pid=%proc.pid",
        ),
    ];

    #[test]
    fn of_rules_with_one_text_that_one_counts_whose_keys_stand_in_their_order() {
        chosen(
            &TIMES,
            "Odd file (user=ana command=vi /srv/x file=/srv/x parent=sudo)",
            "second",
            "user.name=ana;proc.cmdline=vi /srv/x;fd.name=/srv/x;proc.pname=sudo",
        );
        chosen(
            &TIMES,
            "Odd file | file=/srv/x user=ana parent=sudo command=vi /srv/x pid=7",
            "third",
            "fd.name=/srv/x;user.name=ana;proc.pname=sudo;proc.cmdline=vi /srv/x;proc.pid=7",
        );
        // A key that was appended is not the one of a newer text.
        chosen(
            &TIMES,
            "Odd file (user=ana command=vi /srv/x file=/srv/x parent=sudo) container=0123456789ab pid=7",
            "second",
            "user.name=ana;proc.cmdline=vi /srv/x;fd.name=/srv/x;proc.pname=sudo;container.id=0123456789ab;proc.pid=7",
        );
    }

    #[test]
    fn keys_may_have_an_argument_in_brackets() {
        chosen(
            &[(
                "R",
                "Odd shell (shell=%proc.name aname[4]=%proc.aname[4] aname[5]=%proc.aname[5])",
            )],
            "Odd shell (shell=sh aname[4]=c aname[5]=<NA>)",
            "R",
            "proc.name=sh;proc.aname[4]=c;proc.aname[5]=<NA>",
        );
    }

    #[test]
    fn a_value_of_a_plugin_that_is_one_word_ends_with_it() {
        chosen(
            &[("R", "Odd login (by user=%ct.user, at address=%ct.srcip, in region=%ct.region)")],
            "Odd login (by user=bob, at address=192.0.2.24, in region=us-east-1)",
            "R",
            "ct.user=bob;ct.srcip=192.0.2.24;ct.region=us-east-1",
        );
        chosen(
            &[("R", "Odd call (user=%ka.user.name target=%ka.target.name verb=%ka.verb)")],
            "Odd call (user=ana target=web/configmaps verb=get)",
            "R",
            "ka.user.name=ana;ka.target.name=web;ka.verb=get;ka.target.resource=configmaps",
        );
    }

    #[test]
    fn the_table_is_read_whole_and_knows_names() {
        let templates = Templates::default();
        let n_lines =
            include_str!("official.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(templates.known.len(), n_lines);
        let known = templates.rule("Terminal shell in container").unwrap();
        assert_eq!(known.priority, Some(Priority::Notice));
        assert_eq!(&*known.source, "syscall");
    }
}
