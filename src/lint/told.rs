//! What a report itself tells of a connection, where no alert is at hand: a command in a sentence that calls a port.
//! Advice against what comes in on that very port contradicts the report.

use super::extract::Part;
use super::{Finding, plan, prose};
use crate::model::{Alert, Value};

/// Judges a text by the commands that its own sentences tell of.
pub fn judge(parts: &[Part], found: &mut Vec<Finding>) {
    let prose = || {
        parts.iter().filter_map(|part| match part {
            Part::Prose { line, text } => Some((*line, text.as_str())),
            Part::Block(_) | Part::Inline { .. } => None,
        })
    };
    let (mut called, mut awaited): (Vec<(&str, &str)>, Vec<&str>) = (Vec::new(), Vec::new());
    for span in prose().flat_map(|(_, text)| text.split('`').skip(1).step_by(2)) {
        match port(span) {
            Some((port, true)) if !called.iter().any(|(known, _)| *known == port) => {
                called.push((port, span));
            }
            Some((port, false)) => awaited.push(port),
            _ => {}
        }
    }
    called.retain(|(port, _)| !awaited.contains(port));
    if called.is_empty() {
        return;
    }
    for (line, text) in prose().filter(|(_, text)| text.contains("port")) {
        for (at, sentence) in prose::sentences(text) {
            let Some((port, command)) = called.iter().find(|(port, _)| names(sentence, port))
            else {
                continue;
            };
            let above = text.get(..at).map_or(0, |above| above.matches('\n').count());
            let mut here = Vec::new();
            prose::judge(sentence, line + above, Some(&alert_of(command)), &mut here);
            let why = format!("the report's own `{command}` goes out to port {port}");
            found.extend(
                here.into_iter().filter(|one| one.id == "D01").map(|one| one.because(&why)),
            );
        }
    }
}

/// The port that a command line calls (`true`) or waits on, where it names one.
fn port(command: &str) -> Option<(&str, bool)> {
    let mut words = command.split_whitespace();
    let program = words.next()?.rsplit('/').next()?;
    let is_out = plan::calls_out(command)?;
    // Whether a port is open is asked by whoever looks after it.
    let is_look = |word: &str| word.strip_prefix('-').is_some_and(|letters| letters.contains('z'));
    let only_looks = words.clone().any(is_look);
    let is_port = |word: &&str| word.parse::<u16>().is_ok_and(|port| port > 0);
    if let Some((_, place)) = command.split_once("/dev/tcp/") {
        let port = place.split('/').nth(1)?;
        let port = port.split(|c: char| !c.is_ascii_digit()).next()?;
        return Some(port).filter(is_port).map(|port| (port, true));
    }
    let last = words.next_back().filter(|_| !only_looks)?;
    let is_plain = super::door::is_netcat(program) || program == "telnet";
    let last = if is_plain { last } else { last.rsplit_once(':')?.1 };
    Some(last).filter(is_port).map(|port| (port, is_out))
}

/// Whether a sentence speaks of this port.
fn names(sentence: &str, port: &str) -> bool {
    sentence.contains("port") && sentence.split(|c: char| !c.is_ascii_digit()).any(|n| n == port)
}

/// The command in the place of an alert.
fn alert_of(command: &str) -> Alert {
    let mut alert = Alert::default();
    alert.fields.set("proc.cmdline", Value::String(command.into()));
    alert
}
