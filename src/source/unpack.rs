//! Archives: unpacked into a spool file while the bytes are passed on, all members, torn ones as far as they go.
//!
//! What is in an archive is decided by its first bytes, never by its name. Nothing is unpacked beyond the limit, nor
//! beyond what an honest log can grow to.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use super::generation::read_up_to;
use super::out::{Out, Speaker, Stopped};
use super::spool::Spool;
use super::{Delivery, Options, SourceState};

/// How much is unpacked at once.
const CHUNK: usize = 256 << 10;
/// An archive that has grown to so many bytes, and so many times, is no log any more.
const BOMB: [(u64, u64); 2] = [(128 << 20, 500), (4 << 30, 150)];
/// Memory an archive may ask for, in bytes.
const MEMORY: u32 = 128 << 20;

/// A way of packing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
    Xz,
    Bzip2,
}

/// How a file is packed, by its first bytes.
pub(super) fn packing(file: &File) -> Option<Packing> {
    packing_of(&read_up_to(file, 0, 10).ok()?)
}

/// How bytes are packed, by the first ten of them.
pub(super) fn packing_of(start: &[u8]) -> Option<Packing> {
    match start.get(..10).unwrap_or(start) {
        [0x1f, 0x8b, 8, ..] => Some(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Packing::Zstd),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90] => {
            Some(Packing::Bzip2)
        }
        _ => None,
    }
}

/// Passes on what is in the archive. The error is a sentence: nothing could be kept at all.
pub(super) fn unpack(
    file: File,
    packing: Packing,
    speaker: &Speaker,
    options: &Options,
    out: &Out,
) -> Result<Result<(), String>, Stopped> {
    let mut spool = match Spool::new(options.spool_folder.as_deref()) {
        Ok(spool) => spool,
        Err(error) => return Ok(Err(format!("no place for what is in {}: {error}", speaker.name))),
    };
    let n_packed = file.metadata().map_or(0, |metadata| metadata.len()).max(1);
    let body = out.open(speaker, &spool.file, false)?;
    let mut members = Members { packed: BufReader::with_capacity(CHUNK, file), packing };
    let mut end = None;
    // Only damage is passed over: what was stopped because of its size stays stopped, however many members follow.
    let mut is_stopped = false;
    while end.is_none() {
        let mut member = match members.next() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(why) => {
                end = Some(why);
                break;
            }
        };
        loop {
            let mut bytes = vec![0; CHUNK];
            let (n_read, error) = fill(&mut *member, &mut bytes);
            bytes.truncate(n_read);
            if !bytes.is_empty() {
                let offset = spool.len;
                spool.append(&bytes);
                if let Some(why) = &spool.trouble {
                    end = Some(format!("no room to unpack it: {why}"));
                    is_stopped = true;
                    break;
                }
                out.send(Delivery::Bytes { body, offset, bytes })?;
            }
            if let Some(error) = error {
                end = Some(torn(&error));
                break;
            }
            if n_read == 0 {
                break;
            }
            if let Some(why) = too_large(spool.len, n_packed, options.unpack_limit) {
                end = Some(why);
                is_stopped = true;
                break;
            }
        }
        drop(member);
        if end.is_some() && !is_stopped && members.skip_to_next() {
            let why = end.take().unwrap_or_default();
            out.state(
                speaker.source,
                SourceState::Note(format!(
                    "{}: {why}; going on with its next member",
                    speaker.name
                )),
            )?;
        }
    }
    if let Some(why) = end {
        let what = format!("{}: {why}; {} bytes of it were read", speaker.name, spool.len);
        out.state(speaker.source, SourceState::Note(what))?;
    }
    out.send(Delivery::Ended { body, fingerprint: None })?;
    Ok(Ok(()))
}

/// What is in a whole archive, as a file; none for one that is torn, damaged or larger than this when it is unpacked.
pub(super) fn unpacked(file: File, packing: Packing, limit: u64) -> Option<File> {
    let mut spool = Spool::new(None).ok()?;
    let n_packed = file.metadata().ok()?.len().max(1);
    let mut members = Members { packed: BufReader::with_capacity(CHUNK, file), packing };
    while let Some(mut member) = members.next().ok()? {
        let mut bytes = vec![0; CHUNK];
        loop {
            let (n_read, error) = fill(&mut *member, &mut bytes);
            spool.append(bytes.get(..n_read).unwrap_or_default());
            let is_too_large = too_large(spool.len, n_packed, limit).is_some();
            if error.is_some() || spool.trouble.is_some() || is_too_large {
                return None;
            }
            if n_read == 0 {
                break;
            }
        }
    }
    spool.file.try_clone().ok()
}

/// Reads until the buffer is full, the member ends or an error comes; what came before the error counts.
fn fill(member: &mut dyn Read, bytes: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut n_read = 0;
    while let Some(free) = bytes.get_mut(n_read..).filter(|free| !free.is_empty()) {
        // Small steps: a decoder that fails keeps what it had made in that step.
        let n_step = free.len().min(4 << 10);
        match member.read(free.get_mut(..n_step).unwrap_or_default()) {
            Ok(0) => break,
            Ok(n_more) => n_read += n_more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (n_read, Some(error)),
        }
    }
    (n_read, None)
}

fn too_large(n_unpacked: u64, n_packed: u64, limit: u64) -> Option<String> {
    if n_unpacked > limit {
        return Some(format!("stopped at the limit of {limit} bytes"));
    }
    let times = n_unpacked / n_packed;
    let is_bomb = BOMB.iter().any(|(size, ratio)| n_unpacked > *size && times > *ratio);
    is_bomb
        .then(|| format!("stopped: it grew {times} times while it was unpacked, which no log does"))
}

fn torn(error: &io::Error) -> String {
    let text = error.to_string();
    if error.kind() == io::ErrorKind::UnexpectedEof
        || text.contains("EOF")
        || text.contains("failed to fill")
    {
        "the archive ends in its middle".to_owned()
    } else {
        format!("the archive is damaged: {text}")
    }
}

/// The members of an archive, one after the other.
struct Members {
    packed: BufReader<File>,
    packing: Packing,
}

impl Members {
    /// The next member; none at the end of the archive.
    fn next(&mut self) -> Result<Option<Box<dyn Read + '_>>, String> {
        loop {
            let rest = self.packed.fill_buf().map_err(|error| torn(&error))?;
            let Some(first) = rest.first().copied() else { return Ok(None) };
            // Tapes and disks pad with NULs.
            if first == 0 {
                let n_null = rest.iter().take_while(|byte| **byte == 0).count();
                self.packed.consume(n_null);
                continue;
            }
            if Some(&first) != self.packing.magic().first()
                && !(self.packing == Packing::Zstd && first & 0xf0 == 0x50)
            {
                return Err("something else follows the archive in the same file".to_owned());
            }
            break;
        }
        Ok(Some(match self.packing {
            Packing::Gzip => Box::new(GzDecoder::new(&mut self.packed)),
            Packing::Bzip2 => Box::new(BzDecoder::new(&mut self.packed)),
            // This reader takes several streams and their padding by itself.
            Packing::Xz => Box::new(XzReader::new_mem_limit(&mut self.packed, true, MEMORY >> 10)),
            Packing::Zstd => {
                let mut start = [0; 8];
                let n_start = {
                    let rest = self.packed.fill_buf().map_err(|error| torn(&error))?;
                    let n_start = rest.len().min(8);
                    start.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    n_start
                };
                if n_start == 8 && start[0] & 0xf0 == 0x50 {
                    let length = u32::from_le_bytes([start[4], start[5], start[6], start[7]]);
                    Box::new(Skipped((&mut self.packed).take(u64::from(length) + 8)))
                } else {
                    let decoder = StreamingDecoder::new_with_max_window_size(
                        &mut self.packed,
                        u64::from(MEMORY),
                    )
                    .map_err(|error| torn(&io::Error::other(error.to_string())))?;
                    Box::new(decoder)
                }
            }
        }))
    }

    /// After damage: goes to where the next member seems to begin; false when there is none.
    fn skip_to_next(&mut self) -> bool {
        if self.packing == Packing::Xz {
            return false;
        }
        let magic = self.packing.magic();
        loop {
            let Ok(rest) = self.packed.fill_buf() else { return false };
            if rest.is_empty() {
                return false;
            }
            let n_rest = rest.len();
            match memchr::memmem::find(rest, magic) {
                Some(place) => {
                    self.packed.consume(place);
                    return true;
                }
                None => self.packed.consume(n_rest),
            }
        }
    }
}

impl Packing {
    /// The program that unpacks it into a pipe.
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Gzip => "zcat",
            Self::Zstd => "zstdcat",
            Self::Xz => "xzcat",
            Self::Bzip2 => "bzcat",
        }
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => &[0x1f, 0x8b, 8],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
            Self::Xz => &[0xfd, b'7', b'z', b'X'],
            Self::Bzip2 => b"BZh",
        }
    }
}

/// A member without content: read over.
struct Skipped<R>(R);

impl<R: Read> Read for Skipped<R> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        io::copy(&mut self.0, &mut io::sink())?;
        Ok(0)
    }
}
