//! The real program follows a log while it is rotated, by notices, by polling, and with no watches to be had. These
//! tests take real time and need `unshare`, `setpriv`, `gzip`, `mkfifo`, `python3` and `kill`.

#![expect(clippy::disallowed_methods, reason = "these tests run programs")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unused_self,
    clippy::match_wild_err_arm,
    reason = "a test that cannot go on may stop, and these print what they measure"
)]

mod cases;
mod figures;
mod follower;
mod streams;
