//! Pipes, sockets and children's output: bytes that come once. They are written to a spool file first, which is both
//! the queue before a slow receiver and the place where a raw record is read again.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::model::BodyId;

use super::out::{Out, Speaker, Stopped};
use super::spool::Spool;
use super::unpack::packing_of;
use super::{Delivery, Options, SourceState};

/// How much is read at once: what a pipe holds.
const CHUNK: usize = 64 << 10;
/// So much may lie in the spool file before the receiver has taken it; then the writer of the pipe waits.
const QUEUE: u64 = 64 << 20;
/// So much of it stays in memory.
const IN_MEMORY: u64 = 4 << 20;

/// Why a stream was read no further.
#[derive(Debug)]
pub(super) enum End {
    /// The writer closed it, after so many bytes.
    Closed(u64),
    /// The handle was dropped.
    Stopped,
    /// It failed.
    Failed(io::Error),
}

/// What waits for the receiver.
enum Piece {
    Bytes { offset: u64, len: usize, bytes: Option<Vec<u8>> },
    Still,
}

/// Reads a stream to its end as one body.
pub(super) fn run(
    stream: &impl AsFd,
    stop: &OwnedFd,
    speaker: &Speaker,
    options: &Options,
    out: &Out,
) -> Result<End, Stopped> {
    let mut spool = match Spool::new(options.spool_folder.as_deref()) {
        Ok(spool) => spool,
        Err(error) => return Ok(End::Failed(error)),
    };
    // A larger pipe means fewer turns; a refusal changes nothing.
    let _ = rustix::pipe::fcntl_setpipe_size(stream, 1 << 20);
    let body = out.open(speaker, &spool.file, true)?;
    let (pieces, queue) = mpsc::channel();
    let (credit, credits) = mpsc::channel();
    let file = Arc::clone(&spool.file);
    let deliverer = {
        let out = out.clone();
        thread::spawn(move || deliver(body, &file, &queue, &credit, &out))
    };
    let end = receive(stream, stop, speaker, &mut spool, &Channels { pieces, credits }, out);
    match deliverer.join() {
        Ok(Ok(())) => {}
        _ => return Err(Stopped),
    }
    out.send(Delivery::Ended { body, fingerprint: None })?;
    end
}

struct Channels {
    pieces: Sender<Piece>,
    credits: Receiver<u64>,
}

fn receive(
    stream: &impl AsFd,
    stop: &OwnedFd,
    speaker: &Speaker,
    spool: &mut Spool,
    channels: &Channels,
    out: &Out,
) -> Result<End, Stopped> {
    let mut n_queued = 0_u64;
    let mut is_fresh = false;
    let mut trouble_told = false;
    let mut buffer = vec![0; CHUNK];
    loop {
        match wait(stream, stop, is_fresh) {
            Ok(Ready::Stream) => {}
            Ok(Ready::Stop) => return Ok(End::Stopped),
            Ok(Ready::Nothing) => {
                is_fresh = false;
                channels.pieces.send(Piece::Still).map_err(|_| Stopped)?;
                continue;
            }
            Err(error) => return Ok(End::Failed(error)),
        }
        let n_read = match rustix::io::read(stream, buffer.as_mut_slice()) {
            // The second: a pseudo-terminal whose other side is gone.
            Ok(0) | Err(rustix::io::Errno::IO) => return Ok(End::Closed(spool.len)),
            Ok(n_read) => n_read,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(error) => return Ok(End::Failed(error.into())),
        };
        let bytes = buffer.get(..n_read).unwrap_or_default();
        is_fresh = true;
        let offset = spool.len;
        // A file is unpacked; of a pipe nobody knows before its end whether that comes.
        if let Some(packing) = packing_of(bytes).filter(|_| offset == 0) {
            let program = packing.program();
            let what = format!("{} is packed: name the file, or pipe `{program}`", speaker.name);
            out.state(speaker.source, SourceState::Note(what))?;
        }
        spool.append(bytes);
        while let Ok(n_taken) = channels.credits.try_recv() {
            n_queued -= n_taken;
        }
        // What could not be kept must stay in memory until it is delivered.
        let keep = n_queued < IN_MEMORY || spool.trouble.is_some();
        n_queued += n_read as u64;
        let piece = Piece::Bytes { offset, len: n_read, bytes: keep.then(|| bytes.to_vec()) };
        channels.pieces.send(piece).map_err(|_| Stopped)?;
        if let Some(why) = spool.trouble.as_ref().filter(|_| !trouble_told) {
            trouble_told = true;
            let what = format!("raw records of {} cannot be kept in {why}", speaker.name);
            out.state(speaker.source, SourceState::Note(what))?;
        }
        if n_queued >= QUEUE {
            let what = format!("{} bytes of {} are waiting to be taken in", n_queued, speaker.name);
            out.state(speaker.source, SourceState::Blocked(what))?;
            while n_queued >= QUEUE / 2 {
                n_queued -= channels.credits.recv().map_err(|_| Stopped)?;
            }
            out.state(speaker.source, SourceState::Following)?;
        }
    }
}

fn deliver(
    body: BodyId,
    file: &std::fs::File,
    queue: &Receiver<Piece>,
    credit: &Sender<u64>,
    out: &Out,
) -> Result<(), Stopped> {
    // Pieces are few bytes each when a writer is slow and the queue is empty, so they go out as they come.
    let mut waiting = VecDeque::new();
    while let Some(piece) = waiting.pop_front().or_else(|| queue.recv().ok()) {
        match piece {
            Piece::Still => out.send(Delivery::Still { body })?,
            Piece::Bytes { offset, len, bytes: Some(bytes) } => {
                out.send(Delivery::Bytes { body, offset, bytes })?;
                // The reader may have ended; then nobody counts any more.
                let _ = credit.send(len as u64);
            }
            Piece::Bytes { offset, mut len, bytes: None } => {
                // What lies behind it in the file is read in the same go.
                while len < 4 * CHUNK
                    && let Ok(next) = queue.try_recv()
                {
                    match next {
                        Piece::Bytes { len: more, bytes: None, .. } => len += more,
                        other => {
                            waiting.push_back(other);
                            break;
                        }
                    }
                }
                let mut bytes = vec![0; len];
                if file.read_exact_at(&mut bytes, offset).is_err() {
                    debug_assert!(false, "the spool file lost what was written to it");
                }
                out.send(Delivery::Bytes { body, offset, bytes })?;
                let _ = credit.send(len as u64);
            }
        }
    }
    Ok(())
}

enum Ready {
    Stream,
    Stop,
    Nothing,
}

/// Waits for bytes, the stop signal, or a second without either after bytes came.
fn wait(stream: &impl AsFd, stop: &OwnedFd, is_fresh: bool) -> io::Result<Ready> {
    let second = Timespec { tv_sec: 1, tv_nsec: 0 };
    let mut fds = [PollFd::new(stream, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
    match poll(&mut fds, is_fresh.then_some(&second)) {
        Ok(0) => return Ok(Ready::Nothing),
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let [stream, stop] = fds;
    if !stop.revents().is_empty() {
        return Ok(Ready::Stop);
    }
    // After an interrupted wait the read may block for a moment only: poll said nothing was there, the next call waits.
    Ok(if stream.revents().is_empty() { Ready::Nothing } else { Ready::Stream })
}
