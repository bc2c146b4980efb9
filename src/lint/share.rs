//! The paragraphs of a long text, judged on every processor: none of them depends on another.

use super::extract::Part;
use super::{Finding, prose};
use crate::model::Alert;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder, available_parallelism};

/// Parts that are taken at once.
const TAKEN: usize = 64;
/// Parts below which no thread is worth its start.
const FEW: usize = 512;

/// Judges every paragraph while `meanwhile` is done. Findings come with the place of their part, in order.
pub fn paragraphs<T>(
    parts: &[Part],
    alert: Option<&Alert>,
    meanwhile: impl FnOnce() -> T,
) -> (T, Vec<(usize, Finding)>) {
    let n_threads =
        if parts.len() < FEW { 1 } else { available_parallelism().map_or(1, NonZero::get) };
    on(n_threads, parts, alert, meanwhile)
}

fn on<T>(
    n_threads: usize,
    parts: &[Part],
    alert: Option<&Alert>,
    meanwhile: impl FnOnce() -> T,
) -> (T, Vec<(usize, Finding)>) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        loop {
            let from = next.fetch_add(TAKEN, Ordering::Relaxed);
            let Some(rest) = parts.get(from..).filter(|rest| !rest.is_empty()) else {
                return found;
            };
            for (at, part) in rest.iter().enumerate().take(TAKEN) {
                if let Part::Prose { line, text } = part {
                    let mut here = Vec::new();
                    prose::judge(text, *line, alert, &mut here);
                    found.extend(here.into_iter().map(|finding| (from + at, finding)));
                }
            }
        }
    };
    thread::scope(|scope| {
        // Where no thread can be had the others do its work.
        let others: Vec<_> =
            (1..n_threads).filter_map(|_| Builder::new().spawn_scoped(scope, work).ok()).collect();
        let done = meanwhile();
        let mut found = work();
        for other in others {
            match other.join() {
                Ok(more) => found.extend(more),
                Err(panic) => resume_unwind(panic),
            }
        }
        found.sort_by_key(|(part, _)| *part);
        (done, found)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::super::extract::parts;
    use super::*;

    #[test]
    fn many_threads_find_what_one_finds_in_the_same_order() {
        let paragraphs = [
            "Disable SELinux first; then turn off the firewall.",
            "Nothing is wrong here.",
            "The login uid is -1. This suggests that the user is privileged.",
            "Use `falco.io/docs`, and configure a WAF.",
        ];
        let text: String = (0..1000)
            .flat_map(|n| {
                [
                    n.to_string(),
                    " ".into(),
                    paragraphs[n * 7 % 11 % paragraphs.len()].to_owned(),
                    "\n\n".into(),
                ]
            })
            .collect();
        let parts = parts(&text, Kind::Markdown);
        let ((), one) = on(1, &parts, None, || {});
        assert!(one.len() > 500 && one.is_sorted_by_key(|(part, _)| *part));
        for n_threads in [2, 3, 8] {
            assert_eq!(on(n_threads, &parts, None, || {}), ((), one.clone()));
        }
    }
}
