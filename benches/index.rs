//! From the bytes of a file to the store: what the console needs of a log.

mod log;

use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// Written, read in blocks by two threads, and taken in; writing to memory is part of it.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn all_of_64_megabytes(bencher: Bencher) {
    let bytes = log::log(100_000);
    bencher
        .counter(BytesCount::new(bytes.len()))
        .bench_local(|| divan::black_box(log::store(&bytes)).0.len());
}

/// Only what the one owner does: names, cells, groups, columns.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn appending_100_000(bencher: Bencher) {
    let bytes = log::log(100_000);
    bencher.with_inputs(|| log::take_in(&bytes).0).bench_local_values(|news| {
        let mut store = cadge::store::Store::default();
        for news in news {
            store.append(news.batch);
        }
        store.len()
    });
}
