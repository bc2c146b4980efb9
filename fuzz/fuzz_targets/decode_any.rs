//! Any bytes decode or are rejected, and no line is lost. Seeds: `fixtures/formats`, `fixtures/damage`, `fixtures/hostile`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cadge::decode::check::decode_any(bytes);
});
