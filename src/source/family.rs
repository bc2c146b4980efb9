//! A log and its rotated generations belong together; their names say so, and in which order they were written.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Endings of compressed files.
const PACKED: &[&str] = &[".gz", ".zst", ".xz", ".bz2"];
/// Endings of files that are being written or belong to somebody else.
const FOREIGN: &[&str] = &[
    ".tmp",
    ".temp",
    ".swp",
    ".swx",
    ".part",
    ".filepart",
    ".lock",
    ".pid",
    ".idx",
    ".Z",
    ".zip",
    ".tar",
];

/// When a generation was written, from its name alone; orders the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// `log-20261121`, `log.20261121-101010`: a later stamp is newer.
    Stamp(String),
    /// `log.old` and other words.
    Word(String),
    /// `log.2`, `log.1`: a greater number is older.
    Number(Reverse<u64>),
    /// The log itself.
    Live,
}

/// A log and what was rotated away from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// The path of the log itself, whether it exists or not.
    pub base: PathBuf,
    /// Rotated generations, packed or not, oldest first.
    pub history: Vec<PathBuf>,
    /// The log itself was among the files.
    pub is_live: bool,
}

/// The name of the log that a file belongs to, and the age of that generation.
pub(super) fn parse(name: &str) -> (String, Age) {
    let plain = PACKED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    if let Some(base) = plain.strip_suffix('~') {
        return (base.to_owned(), Age::Word("~".to_owned()));
    }
    // `events.json.2`, `events.json-20261121`, `0.log.20261121-101010`, `events.json.old`.
    let places: Vec<usize> =
        plain.char_indices().filter(|(_, sign)| ".-_".contains(*sign)).map(|(at, _)| at).collect();
    for at in places.iter().copied().filter(|at| *at > 0) {
        let (Some(base), Some(suffix)) = (plain.get(..at), plain.get(at + 1..)) else { continue };
        let dotted = plain.get(at..=at) == Some(".");
        if let Some(age) = age(suffix, dotted)
            && (base.contains('.') || !suffix.contains('.'))
            && !is_version(base, &age)
        {
            return (base.to_owned(), age);
        }
    }
    // `events-20261121.json`, `events.1.json`.
    if let Some((stem, extension)) = plain.rsplit_once('.')
        && extension.chars().all(|sign| sign.is_ascii_alphabetic())
    {
        for at in places.iter().copied().filter(|at| *at > 0 && *at < stem.len()) {
            let (Some(base), Some(infix)) = (stem.get(..at), stem.get(at + 1..)) else { continue };
            let dotted = stem.get(at..=at) == Some(".");
            if let Some(age @ (Age::Stamp(_) | Age::Number(_))) = age(infix, dotted)
                && !is_version(base, &age)
            {
                return (format!("{base}.{extension}"), age);
            }
        }
    }
    (plain.to_owned(), Age::Live)
}

/// True when the number continues a version or an address: `falco-0.39.2`, `10.0.0.1`.
fn is_version(base: &str, age: &Age) -> bool {
    let last = base.rsplit(['.', '-']).next().unwrap_or_default();
    matches!(age, Age::Number(_)) && last.chars().all(|sign| sign.is_ascii_digit())
}

/// Reads a rotation suffix. A short number counts only after a dot: `node-1` is a name.
fn age(suffix: &str, dotted: bool) -> Option<Age> {
    let n_digits = suffix.chars().filter(char::is_ascii_digit).count();
    let is_number = !suffix.is_empty() && n_digits == suffix.len();
    if is_number && suffix.len() <= 6 {
        return suffix.parse().ok().filter(|_| dotted).map(|number| Age::Number(Reverse(number)));
    }
    let stamp_like = suffix.chars().all(|sign| sign.is_ascii_digit() || "-_.:TZ+".contains(sign));
    if stamp_like && n_digits >= 8 && suffix.starts_with(|sign: char| sign.is_ascii_digit()) {
        return Some(Age::Stamp(suffix.to_owned()));
    }
    (dotted && matches!(suffix, "old" | "bak" | "prev" | "previous" | "orig" | "save" | "rotated"))
        .then(|| Age::Word(suffix.to_owned()))
}

/// True when `name` may be a generation of the log `base`: wider than [`parse`], for files that appear while we follow.
fn may_be_sibling(base: &str, name: &str) -> bool {
    if name == base || PACKED.iter().chain(FOREIGN).any(|ending| name.ends_with(ending)) {
        return false;
    }
    let suffixed =
        name.strip_prefix(base).is_some_and(|rest| rest.starts_with(['.', '-', '_', '~']));
    suffixed || parse(name).0 == base
}

/// The age of the file `path` as a generation of the log `base`.
pub(super) fn age_of(path: &Path) -> Age {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    match parse(&name) {
        (_, Age::Live) => Age::Word(name.into_owned()),
        (_, age) => age,
    }
}

/// The files beside `path` that may be rotated generations of it, not packed ones.
pub(super) fn siblings(path: &Path) -> Vec<PathBuf> {
    beside(path, may_be_sibling)
}

/// The packed ones.
pub(super) fn packed_siblings(path: &Path) -> Vec<PathBuf> {
    beside(path, |base, name| {
        let plain = PACKED.iter().find_map(|ending| name.strip_suffix(ending));
        plain.is_some_and(|plain| may_be_sibling(base, plain))
    })
}

fn beside(path: &Path, is_sibling: impl Fn(&str, &str) -> bool) -> Vec<PathBuf> {
    let Some(base) = path.file_name().map(OsStr::to_string_lossy) else { return Vec::new() };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| is_sibling(&base, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}

/// True for names that no folder or glob of logs should take in: hidden, temporary or foreign files.
pub(super) fn is_foreign(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.starts_with('.') || FOREIGN.iter().any(|ending| name.ends_with(ending))
}

/// Where the bytes that are no text stand in a spelled name: private characters, one for each byte.
const SPELLED: u32 = 0x10_fe00;

/// A name with each byte that is no text as a character of its own.
fn spelled(name: &OsStr) -> String {
    let mut text = String::new();
    for chunk in name.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let bytes = chunk.invalid().iter();
        text.extend(bytes.filter_map(|byte| char::from_u32(SPELLED + u32::from(*byte))));
    }
    text
}

/// The name that [`spelled`] wrote so.
fn unspelled(text: &str) -> OsString {
    let mut bytes = Vec::new();
    for char in text.chars() {
        match u32::from(char).checked_sub(SPELLED).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    OsString::from_vec(bytes)
}

fn is_packed(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    PACKED.iter().any(|ending| name.ends_with(ending))
}

/// True when the name is that of a log itself, which is written to: whatever the file is called elsewhere, it is followed under
/// this name. A link to an archive is none.
pub(super) fn is_live(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let leads_to_packed =
        || path.is_symlink() && fs::canonicalize(path).is_ok_and(|real| is_packed(&real));
    parse(&name).1 == Age::Live && !is_packed(path) && !leads_to_packed()
}

/// Puts files together that belong to one log; families in the order of their logs' paths.
pub(super) fn group(paths: Vec<PathBuf>) -> Vec<Family> {
    let mut families: BTreeMap<PathBuf, (Vec<(Age, PathBuf)>, bool)> = BTreeMap::new();
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        let packed = is_packed(&path);
        let (base, age) = match name.to_str() {
            Some(name) => {
                let (base, age) = parse(name);
                (base.into(), age)
            }
            // A name need not be text; the log is opened under the very bytes.
            None => {
                let (base, age) = parse(&spelled(name));
                (unspelled(&base), age)
            }
        };
        let entry = families.entry(path.with_file_name(base)).or_default();
        if age == Age::Live && !packed {
            entry.1 = true;
        } else {
            entry.0.push((age, path));
        }
    }
    families
        .into_iter()
        .map(|(base, (mut history, is_live))| {
            history.sort();
            // Being compressed right now: the packed one is not whole yet.
            let plain: Vec<PathBuf> = history.iter().map(|(_, path)| path.clone()).collect();
            history
                .retain(|(_, path)| !(is_packed(path) && plain.contains(&path.with_extension(""))));
            Family { base, history: history.into_iter().map(|(_, path)| path).collect(), is_live }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, base: &str, age: Age) {
        assert_eq!(parse(name), (base.to_owned(), age));
    }

    fn stamp(text: &str) -> Age {
        Age::Stamp(text.to_owned())
    }

    #[test]
    fn a_name_says_which_log_and_how_old() {
        check("events.json", "events.json", Age::Live);
        check("events.json.3.gz", "events.json", Age::Number(Reverse(3)));
        check("events.json.1", "events.json", Age::Number(Reverse(1)));
        check("events.json-20261121", "events.json", stamp("20261121"));
        check("events.json-20261121.gz", "events.json", stamp("20261121"));
        check("events-20261121.json", "events.json", stamp("20261121"));
        check("events.json.2026-11-21T10:10:10Z", "events.json", stamp("2026-11-21T10:10:10Z"));
        check("events.1.json", "events.json", Age::Number(Reverse(1)));
        check("0.log", "0.log", Age::Live);
        check("0.log.20261121-101010.gz", "0.log", stamp("20261121-101010"));
        check("node-1.json", "node-1.json", Age::Live);
        check("falco.log.old", "falco.log", Age::Word("old".to_owned()));
        check("falco", "falco", Age::Live);
        check("falco.1", "falco", Age::Number(Reverse(1)));
        check("falco-0.39.2.log", "falco-0.39.2.log", Age::Live);
        check("10.0.0.1.json", "10.0.0.1.json", Age::Live);
    }

    #[test]
    fn a_family_is_read_oldest_first() {
        let names = ["e.json", "e.json.10.gz", "e.json.2.gz", "e.json.1", "other.json.1"];
        let families = group(names.iter().map(|name| Path::new("/v").join(name)).collect());
        let history: Vec<_> =
            families[0].history.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(history, ["e.json.10.gz", "e.json.2.gz", "e.json.1"]);
        assert!(families[0].is_live);
        assert_eq!(families[1].base, Path::new("/v/other.json"));
        assert!(!families[1].is_live);
    }

    #[test]
    fn a_log_whose_name_is_no_text_keeps_its_name() {
        let path = |name: &[u8]| Path::new("/v").join(OsStr::from_bytes(name));
        let names = [&b"a\xff.json"[..], b"a\xfe.json", b"a\xff.json.1"];
        let families = group(names.iter().map(|name| path(name)).collect());
        assert_eq!(families.len(), 2);
        assert_eq!(families[0].base, path(b"a\xfe.json"));
        assert_eq!(families[1].base, path(b"a\xff.json"));
        assert_eq!(families[1].history, [path(b"a\xff.json.1")]);
        assert!(families.iter().all(|family| family.is_live));
    }
}
