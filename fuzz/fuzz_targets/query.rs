//! No text makes the parser, the checker, the highlighter or the completion fall over, and what parses prints to the same.

#![no_main]

use cadge::model::{Alert, Value};
use cadge::query::{Filter, Names, complete, highlight, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let names = Names::at(jiff::Timestamp::UNIX_EPOCH, jiff::tz::TimeZone::UTC);
    if let Ok(filter) = Filter::check(text, &names) {
        let mut alert = Alert::default();
        for key in filter.fields() {
            alert.fields.set(key, Value::String(text.into()));
        }
        filter.matches(&alert);
        assert_eq!(parse(&filter.expr().to_string()).as_ref(), Ok(filter.expr()));
    }
    highlight(text);
    complete(text, text.len() / 2, &names, &());
});
