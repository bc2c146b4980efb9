//! Reading records: their columns by the fast path, and whole by the careful decoder.
#![expect(clippy::unwrap_used, reason = "a bench that cannot begin may stop")]

mod log;

use cadge::decode::{Context, fast, reread};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::sync::Arc;

const ALERTS: usize = 2000;

fn main() {
    divan::main();
}

#[divan::bench]
fn columns(bencher: Bencher) {
    let bytes = log::log(ALERTS);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let (mut scanner, ctx) = (fast::Scanner::default(), Context::default());
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        for line in &lines {
            black_box(scanner.columns(line, &ctx).unwrap());
        }
    });
}

#[divan::bench]
fn with_care(bencher: Bencher) {
    let bytes = log::log(ALERTS);
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let ctx = Arc::new(Context::default());
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        for line in &lines {
            black_box(reread(line, 0, &ctx));
        }
    });
}
