//! The cuts of the bytes change nothing; the first four bytes say where to cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((cuts, bytes)) = bytes.split_at_checked(4) {
        cadge::decode::check::decode_cut(bytes, cuts);
    }
});
