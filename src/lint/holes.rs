//! Rules P01 to P03: what nobody filled in, by its brackets, its name, the dots or the comment beside it.

use super::Finding;
use regex::Regex;
use std::sync::LazyLock;

static ANGLES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<[A-Za-z][A-Za-z0-9]*([ ._:/-][A-Za-z0-9]+)*>").ok());

static HOLES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"\b(YOUR[_-][A-Z_-]+|CHANGE[_-]?ME|REPLACE[_-]?(ME|WITH|THIS)[A-Z_]*|REPLACE_[A-Z_]+|TODO|FIXME|TBD|INSERT[_-][A-Z_-]+|[A-Z_]+_HERE|PLACEHOLDER)\b",
        r"|\b(changeme|replace[_-]me|fixme|placeholder)\b|\byour[_-][a-z]+([_-][a-z]+)*\b|\b[xX]{3,}\b|\b[xX]{1,3}(\.[xX]{1,3}){3}\b",
        r"|@[A-Z][A-Z0-9_]*@|\b__[A-Z]+(_[A-Z]+)*__\b|\[(your|insert|container|pod|namespace|image|enter|replace|ip|CONTAINER|POD|NAMESPACE|IMAGE|YOUR|IP)[ _-][A-Za-z _-]+\]",
        r"|\{(container|pod|image|namespace|ip|process|file|user)_?(id|name|address|path)?\}|\{\{ ?[a-z]+(_[a-z]+)+ ?\}\}",
    ))
    .ok()
});

/// Elements of HTML, which stand in angle brackets and are no placeholder.
const ELEMENTS: &str = " a b i u p h1 h2 h3 h4 br hr li ul ol td tr th table div span pre code html head body title link meta style script img em strong form input button label option select textarea iframe svg center font ";

/// What kind of hole a word holds: `P01` in angle brackets, `P02` by its name.
pub fn is_hole(text: &str, is_quoted: bool) -> Option<&'static str> {
    let angles = ANGLES.as_ref()?.find(text).is_some_and(|found| {
        let inner = found.as_str().trim_matches(['<', '>']);
        !ELEMENTS.contains(&format!(" {} ", inner.split(' ').next().unwrap_or_default()))
            && (!is_quoted
                || found.as_str() == text.trim()
                || text.matches('<').count() == 1 && !text.contains(' '))
    });
    if angles {
        return Some("P01");
    }
    HOLES.as_ref()?.is_match(text).then_some("P02")
}

/// Whether a word is nothing but the name of what should stand there: `CONTAINER_ID`, `container_name_here`.
pub fn is_capital_hole(text: &str) -> bool {
    static CAPITALS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r"^((MY_|THE_|TARGET_|SUSPECT_|MALICIOUS_|ATTACKER_|REMOTE_)?(CONTAINER|POD|NODE|NAMESPACE|IMAGE|HOST|SERVER|DEPLOYMENT|PROCESS|SERVICE|NETWORK|INTERFACE)_(ID|NAME|IP|ADDRESS|HASH|PATH)",
            r"|(MALICIOUS|ATTACKER|REMOTE|SUSPICIOUS|TARGET|BAD|SOURCE)_(IP|HOST|ADDRESS|PID|PORT|DOMAIN)|PID|CID|CONTAINER|CONTAINERID|PODNAME|POD|NAMESPACE)$",
            r"|^\[[A-Z]{2,}([ _-][A-Z]{2,})+\]$|^\[(IP|PID|CID|CONTAINER|POD|NAMESPACE|IMAGE|ADDRESS|PATH|FILE)\]$",
            r"|^(my|the|some|example|sample|target)[_-](container|pod|namespace|node|image|process)[_-](name|id)$",
            r"|^(affected|compromised|suspicious|malicious|infected|offending|suspected)[_-](container|pod|deployment|namespace|node|image|process|host|app|service)([_-](name|id))?$",
            r"|^[a-z]+([_-][a-z]+)*[_-]here$|^(container|pod|namespace|image|node|process|malicious|attacker)[_-](id|name|ip|pid|address)$",
        ))
        .ok()
    });
    CAPITALS.as_ref().is_some_and(|capitals| capitals.is_match(text))
}

/// The text with a plain word where an angle bracket asks for one, so that the rest can be read.
pub fn without_holes(text: &str) -> String {
    ANGLES.as_ref().map_or_else(
        || text.to_owned(),
        |angles| angles.replace_all(text, "PLACEHOLDER").into_owned(),
    )
}

/// P01, P02, P03 row by row, for text that no parser of ours reads. Here-documents are another program's text.
pub fn placeholders(text: &str, line: usize, found: &mut Vec<Finding>) {
    if !text.contains(['<', '@', '[', '{', '.', '\u{2026}'])
        && !HOLES.as_ref().is_some_and(|holes| holes.is_match(text))
    {
        return;
    }
    let mut until: Option<String> = None;
    for (at, row) in text.lines().enumerate() {
        let is_comment = row.trim_start().starts_with('#');
        if let Some(end) = &until {
            if row.trim() == end {
                until = None;
            }
        } else if !is_comment {
            let angles = ANGLES.as_ref().and_then(|angles| angles.find(row));
            let is_element = angles.is_some_and(|found| {
                let inner = found.as_str().trim_matches(['<', '>']);
                ELEMENTS.contains(&format!(" {} ", inner.split(' ').next().unwrap_or_default()))
            });
            if angles.is_some_and(|found| !is_element && !is_in_single_quotes(row, found.start())) {
                found.push(Finding::new("P01", line + at, row));
            }
            until = here_document(row);
        }
        let is_template = row.contains("mktemp") || row.contains(".XXXX") || row.contains("-XXXX");
        if HOLES.as_ref().is_some_and(|holes| holes.is_match(row)) && !is_comment && !is_template {
            found.push(Finding::new("P02", line + at, row));
        }
    }
    dots(text, line, found);
}

/// P01 in rows that parse all the same: `-d <attacker ip>` reads from one file and writes to another.
pub fn two_words_in_angles(text: &str, line: usize, found: &mut Vec<Finding>) {
    if !text.contains('<') {
        return;
    }
    let mut rows = Vec::new();
    placeholders(text, line, &mut rows);
    // Or one word behind which a blank stands: nobody writes two redirections like this.
    let has_blank = |row: &str| {
        ANGLES.as_ref().and_then(|angles| angles.find(row)).is_some_and(|found| {
            let behind = row.get(found.end()..).and_then(|rest| rest.chars().next());
            let before = row.get(..found.start()).and_then(|rest| rest.chars().next_back());
            found.as_str().contains(' ')
                || before.is_none_or(|c| c.is_whitespace() || "=/:\"'".contains(c))
                    && behind.is_none_or(|c| c.is_whitespace() || "/:\"'".contains(c))
        })
    };
    found
        .extend(rows.into_iter().filter(|finding| finding.id == "P01" && has_blank(&finding.text)));
}

/// P02: a comment that asks the reader to put the real value in.
pub fn asks_to_fill(text: &str, line: usize, found: &mut Vec<Finding>) {
    static ASKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)#.*\b(replace|substitute|fill in|adjust|change|insert)\b.{0,60}\b(actual|real|your own|your)\b")
            .ok()
    });
    if !text.contains('#') {
        return;
    }
    for (at, row) in text.lines().enumerate() {
        if ASKS.as_ref().is_some_and(|asks| asks.is_match(row)) {
            found.push(Finding::new("P02", line + at, row));
        }
    }
}

/// P03: dots where content should be. In YAML they may end a document.
pub fn dots(text: &str, line: usize, found: &mut Vec<Finding>) {
    let rows: Vec<&str> = text.lines().collect();
    for (at, row) in rows.iter().enumerate() {
        let is_dots = matches!(
            row.trim().trim_end_matches(','),
            "..." | "\u{2026}" | "- ..." | "# ..." | "// ..." | "[...]" | "{...}" | "...."
        );
        let next = || rows.iter().skip(at + 1).find(|row| !row.trim().is_empty());
        let ends_document =
            *row == "..." && at > 0 && next().is_none_or(|next| next.starts_with("---"));
        if is_dots && !ends_document {
            found.push(Finding::new("P03", line + at, row));
        }
    }
}

pub fn here_document(row: &str) -> Option<String> {
    let (_, behind) = row.split_once("<<")?;
    if behind.starts_with('<') {
        return None;
    }
    let word =
        behind.trim_start_matches('-').trim_start().split([' ', ')', ';', '|', '>']).next()?;
    let word = word.trim_matches(['\'', '"', '\\']);
    (!word.is_empty()).then(|| word.to_owned())
}

fn is_in_single_quotes(row: &str, at: usize) -> bool {
    row.get(..at).is_some_and(|before| before.matches('\'').count() % 2 == 1)
}
