//! The real program follows a log while it is rotated, by notices, by polling, and with no watches to be had. These
//! tests take real time and need `unshare`, `setpriv`, `gzip`, `mkfifo`, `python3` and `kill`.

#![expect(clippy::disallowed_methods, reason = "these tests run programs")]

mod cases;
mod figures;
mod follower;
mod streams;
