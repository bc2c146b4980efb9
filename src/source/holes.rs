//! Holes in files: stretches that were never written read as NULs, a gigabyte of them at no cost on the disk.

use std::fs::File;

use rustix::fs::{SeekFrom, seek};

/// Holes smaller than this are read like anything else.
const LEAST: u64 = 1 << 20;

/// The first offset from `from` on that may hold data; none when only a hole follows.
/// Moves the file's own offset, which nobody here uses.
pub(super) fn next_data(file: &File, from: u64, size: u64) -> Option<u64> {
    match seek(file, SeekFrom::Data(from)) {
        Ok(data) => Some(data.max(from)).filter(|data| *data < size),
        Err(rustix::io::Errno::NXIO) => None,
        // The file system cannot tell: everything may be data.
        Err(_) => Some(from).filter(|from| *from < size),
    }
}

/// The stretches of `from..size` between large holes, in order.
pub(super) fn stretches(file: &File, from: u64, size: u64) -> Vec<(u64, u64)> {
    let mut stretches: Vec<(u64, u64)> = Vec::new();
    let mut at = from;
    while let Some(start) = next_data(file, at, size) {
        let end = match seek(file, SeekFrom::Hole(start)) {
            Ok(end) if end > start => end.min(size),
            _ => size,
        };
        match stretches.last_mut() {
            Some(last) if start - last.1 < LEAST => last.1 = end,
            Some(_) => stretches.push((start, end)),
            None => stretches.push((if start < LEAST { from } else { start }, end)),
        }
        at = end;
    }
    stretches
}
