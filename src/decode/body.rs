//! What one body is: a line without its envelopes, or the text that an envelope kept.

use super::{
    Context, json, own,
    peel::{self, trim_start},
    record::{self, Wrap},
    text,
    unwrap::{self, Found, Inner},
};
use crate::model::{Alert, Flag, Flags, Value};

/// A piece of a body and what it is; `start` and `end` count in the body's bytes.
#[derive(Debug)]
pub(super) struct Piece {
    pub start: usize,
    pub end: usize,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Alert(Box<Alert>),
    Other(&'static str),
    Reject(&'static str),
    /// Text inside an envelope: to be read as a body of its own, with these flags.
    Inner(Inner, Flags),
}

/// What a body is.
#[derive(Debug)]
pub(super) enum Body {
    Pieces(Vec<Piece>),
    /// JSON or a text alert that does not end in this body and may go on in the next line.
    Open(Going),
    /// Brackets and commas around the elements of an array.
    Structure,
    /// Text that says nothing by itself.
    Unknown(&'static str),
}

/// How a record may go on in the next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    /// Between two tokens: a pretty-printed document, or a torn line.
    Document,
    /// In the middle of a string: a line that was wrapped or torn.
    InString,
    /// A text alert without its closing parenthesis: a value held a newline.
    Text,
}

/// More of a text is not kept.
const TEXT_LIMIT: usize = 16 << 20;

pub(super) const NO_TEXT: &str = "text with no time and no priority of Falco's";

/// Reads a body. `may_go_on` says whether a next line may complete it.
pub(super) fn read(
    body: &[u8],
    wrap: &Wrap,
    flags: Flags,
    is_syslog: bool,
    may_go_on: bool,
    ctx: &Context,
) -> Body {
    let trimmed = trim_start(body);
    let start = body.len() - trimmed.len();
    match trimmed.first() {
        Some(b'{') => {
            let mut pieces = Vec::new();
            let going = objects(body, start, wrap, flags, &mut pieces, ctx);
            if is_syslog
                && (going.is_some() || pieces.iter().any(is_damaged))
                && let Some(plain) = peel::unescape_octal(trimmed)
            {
                let inner = Inner {
                    body: plain,
                    wrap: wrap.clone(),
                    stream: String::new(),
                    part: peel::Part::Whole,
                };
                return Body::Pieces(vec![Piece {
                    start: 0,
                    end: body.len(),
                    outcome: Outcome::Inner(inner, flags),
                }]);
            }
            match going {
                Some(going) if may_go_on && pieces.len() == 1 => Body::Open(going),
                _ => Body::Pieces(pieces),
            }
        }
        Some(b'[') if opens_array(trimmed) => {
            let inside = trim_start(trimmed.get(1..).unwrap_or_default());
            // An empty array says nothing; what stands behind it may.
            let behind = inside.iter().take_while(|byte| b"] \t\r,".contains(byte)).count();
            match inside.get(behind..) {
                None | Some([]) => Body::Structure,
                Some([b'{', ..]) => {
                    let mut pieces = Vec::new();
                    let from = body.len() - inside.len() + behind;
                    objects(body, from, wrap, flags, &mut pieces, ctx);
                    Body::Pieces(pieces)
                }
                Some(_) => plain(body, wrap, flags, is_syslog, may_go_on, ctx),
            }
        }
        Some(b'[') if opens_texts(trimmed) => match texts(trimmed, start, wrap, flags) {
            pieces if pieces.is_empty() => plain(body, wrap, flags, is_syslog, may_go_on, ctx),
            pieces => Body::Pieces(pieces),
        },
        Some(b']' | b',')
            if trimmed.iter().all(|byte| matches!(byte, b']' | b',' | b' ' | b'\t' | b'\r')) =>
        {
            Body::Structure
        }
        Some(b'"') => quoted(body, start, wrap, flags, is_syslog, ctx),
        _ => plain(body, wrap, flags, is_syslog, may_go_on, ctx),
    }
}

fn is_damaged(piece: &Piece) -> bool {
    match &piece.outcome {
        Outcome::Alert(alert) => {
            alert.flags.has(Flag::Malformed) || alert.flags.has(Flag::Truncated)
        }
        Outcome::Reject(_) => true,
        _ => false,
    }
}

/// A bracket of a JSON array of objects, not of a log line like `[libs]: …`.
fn opens_array(trimmed: &[u8]) -> bool {
    let inside = trim_start(trimmed.get(1..).unwrap_or_default());
    matches!(inside, [] | [b'{' | b']', ..])
}

/// The first record of an array whose elements are records as text.
fn opens_texts(trimmed: &[u8]) -> bool {
    let inside = trim_start(trimmed.get(1..).unwrap_or_default());
    inside.strip_prefix(b"\"").is_some_and(|text| text.starts_with(b"{\\\""))
}

/// The records in an array of texts.
fn texts(trimmed: &[u8], start: usize, wrap: &Wrap, flags: Flags) -> Vec<Piece> {
    let read = json::read(trimmed);
    let Value::Array(items) = read.value else { return Vec::new() };
    let inner = |text: &str| Inner {
        body: text.as_bytes().to_vec(),
        wrap: wrap.clone(),
        stream: String::new(),
        part: peel::Part::Whole,
    };
    let flags = Flags(flags.0 | carried(read.flags).0);
    let texts = items.iter().filter_map(Value::as_str);
    let pieces = texts.map(|text| Piece {
        start,
        end: start + trimmed.len(),
        outcome: Outcome::Inner(inner(text), flags),
    });
    pieces.collect()
}

/// Reads objects one behind the other; says how the last may go on when it does not end.
fn objects(
    body: &[u8],
    from: usize,
    wrap: &Wrap,
    flags: Flags,
    pieces: &mut Vec<Piece>,
    ctx: &Context,
) -> Option<Going> {
    let source = json::Source::new(body);
    let mut start = from;
    loop {
        let read = json::read_at(&source, start);
        let end = read.used;
        let mut flags = Flags(read.flags.0 | flags.0);
        if read.ended.is_some() {
            flags.set(Flag::Truncated);
        }
        let Value::Object(members) = read.value else {
            pieces.push(Piece {
                start,
                end: body.len(),
                outcome: Outcome::Reject("JSON that is no object"),
            });
            return None;
        };
        let first = pieces.len();
        let wrap = Wrap { is_cut: read.is_half, ..wrap.clone() };
        push_object(members, flags, &wrap, (start, end), read.ended.is_some(), pieces, ctx);
        match read.ended {
            Some(json::Ended::InString) => return Some(Going::InString),
            Some(json::Ended::Between) => return Some(Going::Document),
            Some(json::Ended::AtNewRecord) => {
                start = end;
                continue;
            }
            None => {}
        }
        start = next_start(body, end, first, &wrap, pieces, ctx)?;
    }
}

/// Where the next object begins behind one that ends at `end`. The text alerts between the two are read, and other words
/// trail the pieces from `first` on; none when nothing but those follows.
fn next_start(
    body: &[u8],
    end: usize,
    first: usize,
    wrap: &Wrap,
    pieces: &mut Vec<Piece>,
    ctx: &Context,
) -> Option<usize> {
    let mut at = end;
    loop {
        let after = body.get(at..).unwrap_or_default();
        let n_between = after
            .iter()
            .take_while(|byte| {
                matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b';' | 0 | 0x1e)
            })
            .count();
        at += n_between;
        let after = after.get(n_between..).unwrap_or_default();
        if after.is_empty() || trim_start(after).is_empty() {
            return None;
        }
        if after.starts_with(b"{") {
            return Some(at);
        }
        let n_text = next_text(after).unwrap_or(after.len());
        let next = next_object(after, n_text);
        let text = after.get(..next.unwrap_or(n_text)).unwrap_or_default();
        let text_end = at + text.len();
        match text::head(after) {
            // A text alert stands between the two.
            Some(head) => {
                let until = body.get(..text_end).unwrap_or_default();
                let is_cut = wrap.is_cut && text_end == body.len();
                let wrap = Wrap { is_cut, ..wrap.clone() };
                push_text(until, at, &head, flags_of_bytes(text), &wrap, pieces, ctx);
            }
            None => trail(pieces, first, text_end),
        }
        if next.is_some() {
            return Some(text_end);
        }
        at = text_end;
    }
}

/// The carriage return before the next text alert: old Macs and some serial consoles end lines with one alone.
pub(super) fn next_text(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\r', bytes).find(|at| {
        let next = bytes.get(at + 1..).unwrap_or_default();
        text::head(trim_start(next)).is_some()
    })
}

/// Where another record of Falco's begins in the first `n_bytes` of what follows one.
fn next_object(bytes: &[u8], n_bytes: usize) -> Option<usize> {
    memchr::memchr_iter(b'{', bytes.get(..n_bytes).unwrap_or(bytes))
        .find(|at| json::opens_record(bytes.get(*at..).unwrap_or_default()))
}

/// Something followed the pieces on their line: they are said to have it.
fn trail(pieces: &mut [Piece], first: usize, end: usize) {
    for piece in pieces.iter_mut().skip(first) {
        piece.end = end;
        match &mut piece.outcome {
            Outcome::Alert(alert) => alert.flags.set(Flag::Trailing),
            Outcome::Inner(_, flags) => flags.set(Flag::Trailing),
            _ => {}
        }
    }
}

fn push_object(
    members: Vec<(Box<str>, Value)>,
    flags: Flags,
    wrap: &Wrap,
    (start, end): (usize, usize),
    is_cut: bool,
    pieces: &mut Vec<Piece>,
    ctx: &Context,
) {
    for found in unwrap::unwrap(members, wrap) {
        let outcome = match found {
            Found::Alert(members, wrap) => {
                Outcome::Alert(Box::new(record::alert(members, flags, &wrap, ctx)))
            }
            Found::Text(inner) => Outcome::Inner(inner, carried(flags)),
            Found::Other(what) => Outcome::Other(what),
            Found::Nothing(_) if is_cut => Outcome::Reject(
                "JSON that ends too soon, with no rule and no output before its end",
            ),
            Found::Nothing(why) => Outcome::Reject(why),
        };
        pieces.push(Piece { start, end, outcome });
    }
}

/// What was odd about an envelope and holds for the text in it too.
fn carried(flags: Flags) -> Flags {
    let mut carried = Flags::default();
    for flag in [Flag::BadUtf8, Flag::BadEscape, Flag::TooLong, Flag::Nested, Flag::Unverified] {
        if flags.has(flag) {
            carried.set(flag);
        }
    }
    carried
}

/// A JSON string that holds a record, as some forwarders write it.
fn quoted(
    body: &[u8],
    start: usize,
    wrap: &Wrap,
    flags: Flags,
    is_syslog: bool,
    ctx: &Context,
) -> Body {
    let rest = body.get(start..).unwrap_or_default();
    let read = json::read(rest);
    let after = rest.get(read.used..).unwrap_or_default();
    if read.ended.is_none()
        && after.iter().all(|byte| byte.is_ascii_whitespace() || *byte == b',')
        && let Value::String(text) = read.value
        && text.trim_start().starts_with('{')
    {
        let inner = Inner {
            body: text.as_bytes().to_vec(),
            wrap: wrap.clone(),
            stream: String::new(),
            part: peel::Part::Whole,
        };
        return Body::Pieces(vec![Piece {
            start,
            end: body.len(),
            outcome: Outcome::Inner(inner, flags),
        }]);
    }
    plain(body, wrap, flags, is_syslog, false, ctx)
}

fn flags_of_bytes(bytes: &[u8]) -> Flags {
    let mut flags = Flags::default();
    if std::str::from_utf8(bytes).is_err() {
        flags.set(Flag::BadUtf8);
    }
    // White space at the end is the line's, not the text's.
    if bytes.trim_ascii_end().iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
        flags.set(Flag::Control);
    }
    flags
}

fn push_text(
    body: &[u8],
    at: usize,
    head: &text::Head,
    flags: Flags,
    wrap: &Wrap,
    pieces: &mut Vec<Piece>,
    ctx: &Context,
) {
    let line = body.get(at..).unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let alert = record::from_text(line.trim_end(), head, flags, wrap, ctx);
    pieces.push(Piece { start: at, end: body.len(), outcome: Outcome::Alert(Box::new(alert)) });
}

/// A body that is text.
fn plain(
    body: &[u8],
    wrap: &Wrap,
    flags: Flags,
    is_syslog: bool,
    may_go_on: bool,
    ctx: &Context,
) -> Body {
    let trimmed = trim_start(body);
    let start = body.len() - trimmed.len();
    let mut wrap = wrap.clone();
    let (trimmed, flags) = match trimmed.get(..TEXT_LIMIT) {
        Some(kept) if kept.len() < trimmed.len() => (kept, {
            let mut flags = flags;
            flags.set(Flag::TooLong);
            wrap.is_cut = true;
            flags
        }),
        _ => (trimmed, flags),
    };
    wrap.is_cut |= is_syslog && text::is_chopped(trimmed);
    let wrap = &wrap;
    let unescaped = if is_syslog { peel::unescape_octal(trimmed) } else { None };
    let bytes = unescaped.as_deref().unwrap_or(trimmed);
    let outer = flags;
    let flags = Flags(flags.0 | flags_of_bytes(bytes).0);
    if let Some(head) = text::head(bytes) {
        let mut pieces = Vec::new();
        push_text(bytes, 0, &head, flags, wrap, &mut pieces, ctx);
        for piece in &mut pieces {
            (piece.start, piece.end) = (start, body.len());
        }
        let message = bytes.get(head.message..).unwrap_or_default();
        return if may_go_on && is_unclosed(message) {
            Body::Open(Going::Text)
        } else {
            Body::Pieces(pieces)
        };
    }
    let text = String::from_utf8_lossy(bytes);
    let whole = |outcome| Body::Pieces(vec![Piece { start: 0, end: body.len(), outcome }]);
    if text.starts_with("CEF:")
        && let Some(alert) = record::from_cef(text.trim_end(), flags, wrap, ctx)
    {
        return whole(Outcome::Alert(Box::new(alert)));
    }
    if own::is_slash_dated(&text) {
        // falcosidekick's own log; in debug mode it prints each payload.
        return match text.find("Falco's payload : ").and_then(|at| bytes.get(at + 18..)) {
            Some(payload) if trim_start(payload).starts_with(b"{") => {
                let mut pieces = Vec::new();
                objects(body, body.len() - payload.len(), wrap, flags, &mut pieces, ctx);
                for piece in &mut pieces {
                    piece.start = 0;
                }
                Body::Pieces(pieces)
            }
            _ => whole(Outcome::Other(own::SIDEKICK)),
        };
    }
    // Spaces before a line of Falco's summary mean something.
    let is_indented = start > 0 && body.starts_with(b"   ");
    let untrimmed =
        if is_indented { format!("   {text}").into() } else { std::borrow::Cow::Borrowed(&*text) };
    let is_falco = wrap.tag.as_ref().is_none_or(|tag| tag.to_ascii_lowercase().contains("falco"));
    let other = own::recognize(&untrimmed)
        .or_else(|| wrap.tag.as_ref().map(|_| if is_falco { own::LOG } else { own::PROGRAM }));
    if let Some(what) = other {
        // A whole record behind words that look like a log line is still an alert; what another program says is not.
        let alerts = if is_falco { objects_behind(body, wrap, outer, ctx) } else { Vec::new() };
        let is_alert = |piece: &Piece| matches!(piece.outcome, Outcome::Alert(_));
        return if alerts.iter().any(is_alert) {
            Body::Pieces(alerts)
        } else {
            whole(Outcome::Other(what))
        };
    }
    guess(body, wrap, outer, ctx)
}

/// A text alert whose parenthesis is open at its end: a value held a newline, or the line was cut.
pub(super) fn is_unclosed(message: &[u8]) -> bool {
    let count = |wanted: u8| memchr::memchr_iter(wanted, message).count();
    !message.trim_ascii_end().ends_with(b")")
        && memchr::memmem::find(message, b" (").is_some()
        && count(b'(') > count(b')')
}

/// A record behind words that are no envelope we know, or one whose beginning is lost.
fn guess(body: &[u8], wrap: &Wrap, flags: Flags, ctx: &Context) -> Body {
    let guessed = Wrap { is_guess: true, ..wrap.clone() };
    let mut pieces = objects_behind(body, wrap, flags, ctx);
    if !pieces.is_empty() {
        // Found.
    } else if let Some(at) = text::head_inside(body)
        && let Some(head) = body.get(at..).and_then(text::head)
    {
        let flags = Flags(flags.0 | flags_of_bytes(body.get(at..).unwrap_or_default()).0);
        push_text(body, at, &head, flags, &guessed, &mut pieces, ctx);
    } else if let Some(at) = first_key(body) {
        let (members, read_flags, is_cut) = members_behind(body, at);
        if record::is_alert(&members) {
            let mut flags = Flags(flags.0 | read_flags.0);
            flags.set(Flag::Truncated);
            let guessed = Wrap { is_cut, ..guessed };
            let alert = record::alert(members, flags, &guessed, ctx);
            pieces.push(Piece {
                start: 0,
                end: body.len(),
                outcome: Outcome::Alert(Box::new(alert)),
            });
        }
    }
    if pieces.is_empty() || pieces.iter().all(|piece| matches!(piece.outcome, Outcome::Reject(_))) {
        return Body::Unknown(NO_TEXT);
    }
    // The words before belong to every piece: they make it a guess.
    for piece in &mut pieces {
        piece.start = 0;
    }
    Body::Pieces(pieces)
}

/// The records of JSON that stand behind other words; the words belong to every piece.
fn objects_behind(body: &[u8], wrap: &Wrap, flags: Flags, ctx: &Context) -> Vec<Piece> {
    let near = body.get(..body.len().min(1024)).unwrap_or_default();
    let mut pieces = Vec::new();
    if let Some(at) = next_object(near, near.len()) {
        let guessed = Wrap { is_guess: true, ..wrap.clone() };
        objects(body, at, &guessed, flags, &mut pieces, ctx);
        for piece in &mut pieces {
            piece.start = 0;
        }
    }
    pieces
}

/// The members of an object whose beginning is lost, from a key on: those of the objects that end here, too. Says whether
/// the end is lost as well, in the middle of the last text.
fn members_behind(body: &[u8], from: usize) -> (Vec<(Box<str>, Value)>, Flags, bool) {
    let (mut members, mut flags, mut is_half) = (Vec::new(), Flags::default(), false);
    let mut at = from;
    for _ in 0..8 {
        let rest = body.get(at..).unwrap_or_default();
        let read = json::read_members(rest);
        flags.0 |= read.flags.0;
        is_half = read.is_half;
        if let Value::Object(more) = read.value {
            // What an inner object held is a field of it at best: only what stands outside are Falco's own keys.
            members = if members.is_empty() || record::is_alert(&more) { more } else { members };
        }
        if record::is_alert(&members) || read.used == 0 || read.ended.is_some() {
            break;
        }
        at += read.used;
    }
    (members, flags, is_half)
}

/// Where the first whole key of an object stands whose beginning is lost.
fn first_key(body: &[u8]) -> Option<usize> {
    memchr::memmem::find(body, b"\"rule\":")
        .or_else(|| memchr::memmem::find(body, b"\"output\":"))?;
    let is_key = |at: &usize| {
        let rest = body.get(at + 1..).unwrap_or_default();
        let n_key = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
            .count();
        n_key > 0 && rest.get(n_key..).is_some_and(|rest| rest.starts_with(b"\":"))
    };
    memchr::memchr_iter(b'"', body).find(is_key)
}
