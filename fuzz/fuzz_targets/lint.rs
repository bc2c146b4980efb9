//! No text ends the linter, and what it says stands in the text.

#![no_main]

use cadge::lint::{Kind, lint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for kind in [Kind::Markdown, Kind::Shell, Kind::Snippet] {
        let lines = text.lines().count().max(1);
        for finding in lint(text, kind, None) {
            assert!((1..=lines).contains(&finding.line));
        }
    }
});
