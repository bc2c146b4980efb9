//! Envelopes that stand before a record on its line: CRI, syslog and the journal's short form, `kubectl logs`, stern, kail,
//! docker compose, logcli. Each is peeled off; what it said of time and host is kept.

mod journalctl;
mod pods;

use super::{Context, record::Wrap, text, time};

/// A line without the envelopes before it.
#[derive(Debug, Default)]
pub(super) struct Peeled<'a> {
    pub body: &'a [u8],
    pub wrap: Wrap,
    /// Which of the streams that share a log this line belongs to; parts are joined within one.
    pub stream: String,
    /// Whether CRI says that the record goes on in the next line (`P`) or ends here (`F`).
    pub part: Part,
    /// Whether a log daemon wrote the line: it escapes control characters as `#012`.
    pub is_syslog: bool,
    /// Whether a color stood before the record.
    pub is_colored: bool,
}

/// Whether a line is a whole record, as far as its envelope says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Part {
    #[default]
    Whole,
    /// The first or a middle part.
    Open,
    /// The last part, or the only one.
    Last,
}

/// Peels envelopes until a record, or something unknown, is left.
pub(super) fn peel<'a>(line: &'a [u8], ctx: &Context) -> Peeled<'a> {
    let mut peeled = Peeled { body: line, ..Peeled::default() };
    for _ in 0..5 {
        if peeled.part != Part::Whole {
            // What stands in a part may be the middle of a record: nothing of it is an envelope before all is joined.
            break;
        }
        let before = peeled.body;
        let trimmed = trim_start(before);
        let body = trim_start(without_color(trimmed));
        peeled.is_colored |= body.len() < trimmed.len();
        peeled.body = body;
        match body.first() {
            None | Some(b'{') => break,
            Some(b'0'..=b'9') if text::head(body).is_some() => break,
            // Behind a program's name stands what the program wrote, and anyone may have made it write that.
            _ if peeled.wrap.tag.is_some() => break,
            _ => {}
        }
        let known = priority_number(&mut peeled, ctx)
            || container_runtime(&mut peeled)
            || syslog(&mut peeled, ctx)
            || dated(&mut peeled, ctx)
            || journalctl::journalctl(&mut peeled, ctx)
            || pods::bracketed(&mut peeled)
            || pods::named(&mut peeled);
        if !known {
            // The spaces before a line of Falco's summary mean something.
            peeled.body = before;
            break;
        }
    }
    peeled
}

/// White space, byte order marks and NULs before a record mean nothing.
pub(super) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    loop {
        bytes = match bytes {
            [b' ' | b'\t' | b'\r' | 0, rest @ ..] | [0xef, 0xbb, 0xbf, rest @ ..] => rest,
            _ => return bytes,
        };
    }
}

fn ascii(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The next word and what follows it, without the spaces between.
fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b' ', bytes)?;
    let (word, rest) = bytes.split_at(end);
    let word = without_color_behind(word);
    let rest = rest.get(rest.iter().take_while(|byte| **byte == b' ').count()..)?;
    (!word.is_empty()).then_some((word, without_color(rest)))
}

/// How long the color sequence is that tools put around their prefixes, or the one back to the usual letters with it; 0 when
/// there is none.
fn color(bytes: &[u8]) -> usize {
    if bytes.starts_with(b"\x1b(B") {
        return 3;
    }
    let Some(rest) = bytes.strip_prefix(b"\x1b[") else { return 0 };
    let n = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    if rest.get(n) == Some(&b'm') { n + 3 } else { 0 }
}

/// Without the colors before it.
fn without_color(mut bytes: &[u8]) -> &[u8] {
    while let n @ 1.. = color(bytes) {
        bytes = bytes.get(n..).unwrap_or_default();
    }
    bytes
}

/// Without the colors behind it.
fn without_color_behind(mut bytes: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memrchr(0x1b, bytes)
        && without_color(bytes.get(at..).unwrap_or_default()).is_empty()
    {
        bytes = bytes.get(..at).unwrap_or_default();
    }
    bytes
}

/// A line that begins with a color, without the end of it behind the record.
pub(super) fn without_end_of_color(line: &[u8]) -> &[u8] {
    if color(trim_start(line)) == 0 { line } else { without_color_behind(line) }
}

/// `<13>` of a syslog message on the wire, and the fields of RFC 5424 behind it.
fn priority_number(peeled: &mut Peeled, ctx: &Context) -> bool {
    let Some(rest) = peeled.body.strip_prefix(b"<") else { return false };
    let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=3).contains(&n_digits) || rest.get(n_digits) != Some(&b'>') {
        return false;
    }
    let rest = rest.get(n_digits + 1..).unwrap_or_default();
    peeled.is_syslog = true;
    peeled.body = rest;
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        rfc5424(peeled, rest);
        return true;
    }
    let _ = syslog(peeled, ctx) || dated(peeled, ctx) || tagged(peeled, rest);
    true
}

/// `TIMESTAMP HOST APP PROCID MSGID STRUCTURED-DATA MSG`; `-` stands for nothing.
fn rfc5424<'a>(peeled: &mut Peeled<'a>, bytes: &'a [u8]) -> Option<()> {
    let (stamp, rest) = word(bytes)?;
    let (host, rest) = word(rest)?;
    let (app, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (_message, rest) = word(rest)?;
    peeled.wrap.time = time::iso(stamp)
        .filter(|stamp| stamp.has_zone)
        .map(|stamp| stamp.time)
        .or(peeled.wrap.time);
    set_host(peeled, host);
    peeled.wrap.tag = ascii(app).map(Into::into);
    let mut rest = rest;
    if let Some(after) = rest.strip_prefix(b"-") {
        rest = after;
    } else {
        while rest.first() == Some(&b'[') {
            let end = structured_data_end(rest)?;
            rest = rest.get(end..)?;
        }
    }
    peeled.body = trim_start(rest);
    Some(())
}

fn structured_data_end(bytes: &[u8]) -> Option<usize> {
    let (mut in_quotes, mut at) = (false, 0);
    loop {
        match bytes.get(at)? {
            b'\\' if in_quotes => at += 1,
            b'"' => in_quotes = !in_quotes,
            b']' if !in_quotes => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}

fn set_host(peeled: &mut Peeled, host: &[u8]) {
    if host != b"-"
        && let Some(host) = ascii(host)
    {
        peeled.wrap.hostname = Some(host.into());
    }
}

/// `2026-01-01T00:00:00.1+09:00 stdout F …` of Kubernetes' runtimes.
fn container_runtime(peeled: &mut Peeled) -> bool {
    let Some((stamp, rest)) = word(peeled.body) else { return false };
    let Some(stamp) = time::iso(stamp).filter(|read| read.used == stamp.len()) else {
        return false;
    };
    let Some((stream @ (b"stdout" | b"stderr"), rest)) = word(rest) else { return false };
    let (tag, body) = match memchr::memchr(b' ', rest) {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default()),
        None => (rest, &b""[..]),
    };
    peeled.part = match tag.split(|byte| *byte == b':').next() {
        Some(b"P") => Part::Open,
        Some(b"F") => Part::Last,
        _ => return false,
    };
    if stamp.has_zone {
        peeled.wrap.time = Some(stamp.time);
    }
    peeled.stream.push_str(if stream == b"stdout" { "|stdout" } else { "|stderr" });
    peeled.body = body;
    true
}

/// `Sep 12 00:57:56 host falco[8958]: …`; months in any language, the day before or after them.
fn syslog(peeled: &mut Peeled, ctx: &Context) -> bool {
    let Some((first, rest)) = word(peeled.body) else { return false };
    let Some((second, rest)) = word(rest) else { return false };
    let (name, day) = match (day_number(first), day_number(second)) {
        (None, Some(day)) => (first, day),
        (Some(day), None) => (second, day),
        _ => return false,
    };
    if name.len() > 20 || !name.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80) {
        return false;
    }
    let Some((clock, after)) = word(rest) else { return false };
    let Some((second, nanosecond, _, used)) = time::clock(clock) else { return false };
    if used != clock.len() || after.is_empty() {
        return false;
    }
    let Some((host, after)) = word(after) else { return false };
    if host.ends_with(b":") {
        // Some daemons leave the host out: what looked like it is the tag.
        return tagged(peeled, rest.get(clock.len()..).map(trim_start).unwrap_or_default());
    }
    if !tagged(peeled, after) {
        return false;
    }
    set_host(peeled, host);
    if let Some(month) = ascii(name).and_then(month) {
        peeled.wrap.time =
            time::in_latest_year(month, day, (second, nanosecond), ctx).or(peeled.wrap.time);
    }
    true
}

/// A day of the month, with a dot or a character for "day" behind it.
fn day_number(bytes: &[u8]) -> Option<i8> {
    let n_digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, unit) = bytes.split_at_checked(n_digits)?;
    let is_unit =
        matches!(unit, b"" | b"." | b",") || unit == "일".as_bytes() || unit == "日".as_bytes();
    if !(1..=2).contains(&n_digits) || !is_unit {
        return None;
    }
    ascii(digits)?.parse().ok().filter(|day| (1..=31).contains(day))
}

/// The month of a name in the languages journalctl and rsyslog speak most; by its beginning, without accents.
fn month(name: &str) -> Option<i8> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "ene", "gen", "sty", "янв", "oca", "led", "tam", "ian", "janv", "січ"],
        &["feb", "fev", "fév", "lut", "фев", "şub", "úno", "hel", "febr", "лют"],
        &["mar", "mär", "mrt", "maa", "мар", "bře", "márc", "mars", "бер"],
        &["apr", "abr", "avr", "kwi", "апр", "nis", "dub", "huh", "ápr", "квіт", "кві"],
        &["may", "mai", "maj", "mei", "mag", "май", "мая", "kvě", "tou", "máj", "трав", "тра"],
        &["jun", "jui", "giu", "cze", "июн", "haz", "čer", "kes", "jún", "черв", "чер"],
        &["jul", "juil", "lug", "lip", "июл", "tem", "čec", "hei", "júl", "лип"],
        &["aug", "ago", "aoû", "aou", "sie", "авг", "ağu", "srp", "elo", "серп", "сер"],
        &["sep", "set", "wrz", "сен", "eyl", "zář", "syy", "szept", "вер"],
        &["oct", "okt", "out", "ott", "paź", "окт", "eki", "říj", "lok", "жовт", "жов"],
        &["nov", "lis", "ноя", "kas", "marras", "лист"],
        &["dec", "dez", "dic", "déc", "gru", "дек", "ara", "pro", "jou", "груд", "гру"],
    ];
    let name = name.trim_end_matches(['.', ',']).to_lowercase();
    let n_digits = name.bytes().take_while(u8::is_ascii_digit).count();
    if n_digits > 0 {
        // `3월`, `9月`.
        return name.get(..n_digits)?.parse().ok().filter(|month| (1..=12).contains(month));
    }
    let known = (1_i8..).zip(NAMES).filter_map(|(number, names)| {
        let longest = names
            .iter()
            .filter(|known| name.starts_with(**known))
            .map(|known| known.len())
            .max()?;
        Some((longest, number))
    });
    known.max_by_key(|(length, _)| *length).map(|(_, number)| number)
}

/// `falco[8958]: …` or `falco: …`: the program's name, its process, and the message.
fn tagged<'a>(peeled: &mut Peeled<'a>, bytes: &'a [u8]) -> bool {
    let limit = bytes.get(..bytes.len().min(128)).unwrap_or_default();
    let Some(colon) = memchr::memchr(b':', limit) else { return false };
    let (tag, rest) =
        (bytes.get(..colon).unwrap_or_default(), bytes.get(colon + 1..).unwrap_or_default());
    let name = match memchr::memchr(b'[', tag) {
        Some(at) if tag.ends_with(b"]") => tag.get(..at).unwrap_or_default(),
        Some(_) => return false,
        None => tag,
    };
    let is_name = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'/' | b'@' | b'(' | b')')
    };
    if name.is_empty()
        || !name.iter().all(is_name)
        || !(rest.is_empty() || rest.starts_with(b" ") || rest.starts_with(b"{"))
    {
        return false;
    }
    peeled.wrap.tag = ascii(name).map(Into::into);
    peeled.is_syslog = true;
    peeled.body = without_repeat(trim_start(rest));
    true
}

/// What stands in `message repeated 2 times: [ … ]`, as log daemons write a message that came again.
fn without_repeat(body: &[u8]) -> &[u8] {
    let inside = || {
        let rest = body.strip_prefix(b"message repeated ")?;
        let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = rest.get(n_digits..)?.strip_prefix(b" times: [")?;
        rest.trim_ascii_end().strip_suffix(b"]").map(trim_start)
    };
    inside().unwrap_or(body)
}

/// An ISO time before a record (`kubectl logs --timestamps`), or before a host and a tag (rsyslog).
fn dated(peeled: &mut Peeled, ctx: &Context) -> bool {
    let body = peeled.body;
    let Some(stamp) = time::iso(body) else { return false };
    let Some(rest) = body.get(stamp.used..) else { return false };
    let Some(rest) = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t")) else {
        return false;
    };
    let rest = trim_start(rest);
    let when = if stamp.has_zone {
        Some(stamp.time)
    } else {
        let civil = jiff::tz::Offset::UTC.to_datetime(stamp.time);
        civil.to_zoned(ctx.zone.clone()).ok().map(|zoned| zoned.timestamp())
    };
    if let Some(line) = without_labels(rest) {
        peeled.wrap.time = when.or(peeled.wrap.time);
        peeled.body = line;
        return true;
    }
    if rest.starts_with(b"{") || text::head(rest).is_some() || rest.starts_with(b"CEF:") {
        peeled.wrap.time = when.or(peeled.wrap.time);
        peeled.body = rest;
        return true;
    }
    if let Some((host, after)) = word(rest)
        && !host.ends_with(b":")
        && !host.starts_with(b"[")
        && tagged(peeled, after)
    {
        set_host(peeled, host);
        peeled.wrap.time = when.or(peeled.wrap.time);
        return true;
    }
    // Falco's own log behind `kubectl logs --timestamps`.
    if stamp.n_fraction > 0
        && ascii(rest.get(..rest.len().min(200)).unwrap_or_default())
            .is_some_and(|rest| super::own::recognize(rest).is_some())
    {
        peeled.wrap.time = when.or(peeled.wrap.time);
        peeled.body = rest;
        return true;
    }
    false
}

/// What stands behind `{app="falco", pod="falco-x"} `, the labels that logcli prints between the time and the line.
fn without_labels(bytes: &[u8]) -> Option<&[u8]> {
    let inside = bytes.strip_prefix(b"{")?;
    if let Some(line) = inside.strip_prefix(b"} ") {
        // A stream without labels, or an empty object with something behind it.
        let line = trim_start(line);
        return (line.starts_with(b"{\"") || text::head(line).is_some()).then_some(line);
    }
    let n_name = inside
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'))
        .count();
    if n_name == 0 || !inside.get(n_name..)?.starts_with(b"=\"") {
        return None;
    }
    let (mut in_quotes, mut at) = (false, n_name);
    loop {
        match inside.get(at)? {
            b'\\' if in_quotes => at += 1,
            b'"' => in_quotes = !in_quotes,
            b'}' if !in_quotes => break,
            _ => {}
        }
        at += 1;
    }
    inside.get(at + 1..)?.strip_prefix(b" ").map(trim_start)
}

/// `#012` and its like, as rsyslog writes control characters, turned back.
pub(super) fn unescape_octal(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out: Option<Vec<u8>> = None;
    let mut from = 0;
    for at in memchr::memchr_iter(b'#', bytes) {
        let Some([a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7']) = bytes.get(at + 1..at + 4)
        else {
            continue;
        };
        let code = (a - b'0') * 64 + (b - b'0') * 8 + (c - b'0');
        if code >= 0x20 && code != 0x7f {
            continue;
        }
        let out = out.get_or_insert_default();
        out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        out.push(code);
        from = at + 4;
    }
    let mut out = out?;
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ctx() -> Context {
        Context { written_at: Some("2026-11-01T00:00:00Z".parse().unwrap()), ..Context::default() }
    }

    #[track_caller]
    fn check(line: &str, body: &str, host: Option<&str>, time: Option<&str>) {
        let peeled = peel(line.as_bytes(), &ctx());
        assert_eq!(String::from_utf8_lossy(peeled.body), body);
        assert_eq!(peeled.wrap.hostname.as_deref(), host);
        assert_eq!(peeled.wrap.time.map(|time| time.to_string()).as_deref(), time);
    }

    #[test]
    fn syslog_is_peeled_in_all_its_forms() {
        let at = Some("2026-09-12T00:57:56Z");
        check("Sep 12 00:57:56 box falco[8958]: {}", "{}", Some("box"), at);
        check("Sep 12 00:57:56 box falco: {}", "{}", Some("box"), at);
        check("<12>Sep 12 00:57:56 box falco: {}", "{}", Some("box"), at);
        check(
            "2026-09-12T00:57:56.5-04:00 box falco: {}",
            "{}",
            Some("box"),
            Some("2026-09-12T04:57:56.5Z"),
        );
        check("<6>2026-09-12T00:57:56Z box Falco[1]: {}", "{}", Some("box"), at);
        check("<12>1 2026-09-12T00:57:56Z box falco 88 - - {}", "{}", Some("box"), at);
        check("<12>1 2026-09-12T00:57:56Z box falco - ID [a b=\"]\"][c] {}", "{}", Some("box"), at);
        check("<12>falco: {}", "{}", None, None);
    }

    #[test]
    fn months_are_read_in_other_languages() {
        let march = Some("2026-03-27T03:35:05Z");
        check("3월 27 03:35:05 box falco[1]: {}", "{}", Some("box"), march);
        check("mars 27 03:35:05 box falco[1]: {}", "{}", Some("box"), march);
        check("Mär 27 03:35:05 box falco: {}", "{}", Some("box"), march);
        check("27. März 03:35:05 box falco: {}", "{}", Some("box"), march);
        check("xyz 27 03:35:05 box falco: {}", "{}", Some("box"), None);
        check("дек 31 23:59:59 box falco: {}", "{}", Some("box"), Some("2025-12-31T23:59:59Z"));
    }

    #[test]
    fn container_runtimes_and_their_tools_are_peeled() {
        let at = Some("2026-09-12T00:57:56.1Z");
        check("2026-09-12T00:57:56.1Z stdout F {}", "{}", None, at);
        check("2026-09-12T09:57:56.1+09:00 stderr P {}", "{}", None, at);
        check("2026-09-12T00:57:56.1Z {}", "{}", None, at);
        check("[pod/falco-x/falco] {}", "{}", None, None);
        check("[pod/falco-x/falco] 2026-09-12T00:57:56.1Z {}", "{}", None, at);
        check("falco-x falco {}", "{}", None, None);
        check("security falco-x falco {}", "{}", None, None);
        check("security/falco-x[falco]: {}", "{}", None, None);
        check("falco.1.k2p@node-7    | {}", "{}", None, None);
        check("falco  | {}", "{}", None, None);
        check(
            "falco  | 22:26:53.536628076: Warning x",
            "22:26:53.536628076: Warning x",
            None,
            None,
        );
    }

    #[test]
    fn the_labels_that_logcli_prints_are_peeled() {
        let at = Some("2026-09-12T00:57:56Z");
        check("2026-09-12T00:57:56Z {app=\"falco\"} {\"a\":1}", "{\"a\":1}", None, at);
        check("2026-09-12T00:57:56Z {a=\"}\\\"}\", b=\"2\"}   x", "x", None, at);
        check("2026-09-12T00:57:56Z {}  {\"a\":1}", "{\"a\":1}", None, at);
        check("2026-09-12T00:57:56Z {} x", "{} x", None, at);
        check("2026-09-12T00:57:56Z {a=\"b", "{a=\"b", None, at);
    }

    #[test]
    fn what_is_no_envelope_stays() {
        for line in [
            "22:26:53.536628076: Warning x | y=z",
            "free text: with colon",
            "Wed Jun 04 22:33:13 2025: Falco",
            "failed to parse {}",
            "Failed to-parse record {}",
            "failed to parse 22:26:53.536628076: Warning x",
        ] {
            check(line, line, None, None);
        }
    }

    #[test]
    fn octal_escapes_are_turned_back() {
        assert_eq!(unescape_octal(b"a#012b#033[1m#040"), Some(b"a\nb\x1b[1m#040".to_vec()));
        assert_eq!(unescape_octal(b"a#12b"), None);
    }
}
