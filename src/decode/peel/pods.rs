//! What tools that read the logs of pods and containers put before each line: `kubectl logs --prefix`, kubetail, kail, stern,
//! docker compose. They color it on a terminal, and where one asks them to.

use super::{Peeled, ascii, text, time, trim_start, without_color, without_color_behind, word};
use crate::decode::own;

/// `[pod/falco-x/falco] …` of `kubectl logs --prefix`, `[falco-x falco] …` of kubetail, `falco/falco-x[falco]: …` of kail.
pub(super) fn bracketed(peeled: &mut Peeled) -> bool {
    if let Some((first, rest)) = word(peeled.body)
        && let Some(place) = first.strip_suffix(b":")
        && let Some(place) = without_color_behind(place).strip_suffix(b"]")
        && let Some((pod, container)) = place
            .iter()
            .position(|byte| *byte == b'[')
            .and_then(|at| Some((place.get(..at)?, place.get(at + 1..)?)))
        && let [namespace, pod] = pod.split(|byte| *byte == b'/').collect::<Vec<_>>().as_slice()
        && [*namespace, *pod, container].into_iter().all(is_name)
    {
        peeled.stream.push_str(&String::from_utf8_lossy(place));
        peeled.body = rest;
        return true;
    }
    let Some(inside) = peeled.body.strip_prefix(b"[") else { return false };
    let limit = inside.get(..inside.len().min(400)).unwrap_or_default();
    let Some(end) = memchr::memchr(b']', limit) else { return false };
    let (place, rest) = inside.split_at(end);
    let rest = trim_start(without_color(rest.get(1..).unwrap_or_default()));
    let names: Vec<_> = place.split(|byte| *byte == b' ').collect();
    let is_of_kubetail = || names.len() <= 2 && is_pod(names.first(), &names) && begins_line(rest);
    if !place.starts_with(b"pod/") && !is_of_kubetail() {
        return false;
    }
    peeled.stream.push_str(&String::from_utf8_lossy(place));
    peeled.body = rest;
    true
}

/// Whether a word may be the name of a container, a pod or a namespace, or of a task of docker's on a node.
fn is_name(name: &[u8]) -> bool {
    let may_stand =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@');
    name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.len() <= 253
        && name.iter().all(may_stand)
}

/// Whether words are the names of pods and what is in them, this one a pod's: any words may be a sentence, but those of
/// Kubernetes are in lower case, and pods are numbered.
fn is_pod(pod: Option<&&[u8]>, names: &[&[u8]]) -> bool {
    let may_stand = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    pod.is_some_and(|pod| pod.contains(&b'-'))
        && names.iter().all(|name| is_name(name) && name.iter().all(may_stand))
}

/// Whether a line of Falco's begins here, or one with its time before it.
fn begins_line(rest: &[u8]) -> bool {
    let is_own = || {
        let near = rest.get(..rest.len().min(200)).unwrap_or_default();
        ascii(near).is_some_and(|near| own::recognize(near).is_some())
    };
    rest.starts_with(b"{")
        || text::head(rest).is_some()
        || time::iso(rest).is_some_and(|stamp| rest.get(stamp.used) == Some(&b' '))
        || is_own()
}

/// `falco-1  | …` of docker compose, `pod container …` of stern, which has the namespace before them when it reads all.
pub(super) fn named(peeled: &mut Peeled) -> bool {
    let body = without_color(peeled.body);
    let Some((first, rest)) = word(body) else { return false };
    if !is_name(first) {
        return false;
    }
    if let Some(rest) = rest.strip_prefix(b"|") {
        peeled.stream.push_str(&String::from_utf8_lossy(first));
        peeled.body = trim_start(without_color(rest));
        return true;
    }
    let mut rest = rest;
    let mut names = vec![first];
    for _ in 0..2 {
        let Some((next, after)) = word(rest) else { return false };
        names.push(next);
        rest = after;
        // The namespace stands before the two others.
        if is_pod(names.iter().nth_back(1), &names) && begins_line(rest) {
            peeled.stream.push_str(&String::from_utf8_lossy(&names.join(&b' ')));
            peeled.body = rest;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::decode::{Context, peel::peel};

    #[track_caller]
    fn check(line: &str, body: &str, stream: &str) {
        let ctx = Context::default();
        let peeled = peel(line.as_bytes(), &ctx);
        assert_eq!(String::from_utf8_lossy(peeled.body), body);
        assert_eq!(peeled.stream, stream);
    }

    #[test]
    fn the_prefixes_of_pods_are_peeled_with_their_colors() {
        for line in [
            "{\"rule\":\"R\"}",
            "10:00:00.1: Warning x",
            "Wed Jun 04 22:33:13 2025: Falco version: 0.41.0",
        ] {
            let check = |prefix: &str, stream: &str| {
                let prefix = prefix.replace('<', "\x1b[36m").replace('>', "\x1b[0m");
                check(&format!("{prefix}{line}"), line, stream);
            };
            check("falco-7xk2p falco ", "falco-7xk2p falco");
            check("<falco-7xk2p> <falco> ", "falco-7xk2p falco");
            check("<security> <falco-7xk2p> <falco> ", "security falco-7xk2p falco");
            check("<security/falco-x[falco]><: >", "security/falco-x[falco");
            check("[falco-7xk2p] ", "falco-7xk2p");
            check("[falco-7xk2p falco] ", "falco-7xk2p falco");
            check("<[falco-7xk2p falco]\x1b(B\x1b[m ", "falco-7xk2p falco");
        }
    }

    #[test]
    fn words_before_a_record_are_no_pod() {
        for words in [
            "parsed record",
            "got an alert",
            "Failed to-parse it",
            "falco said",
            "[warning]",
            "[libs x]",
        ] {
            let line = format!("{words} {{\"rule\":\"R\"}}");
            check(&line, &line, "");
        }
    }
}
