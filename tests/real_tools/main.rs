//! The catalogue against the real tools: shells, shellcheck, and a private docker with a victim in it.
//!
//! `tests/tools/install.sh` installs them. A tool that is missing is a failure here, never a skipped success.
#![expect(clippy::disallowed_methods, reason = "these tests run programs")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::disallowed_types,
    reason = "a test that cannot go on may stop"
)]

mod containerd;
mod docker;
mod failures;
mod hosts;
mod lab;
mod podman;
mod servers;
mod shells;
mod validators;

use std::process::{Command, Output, Stdio};

/// Runs a program with input; panics when it is not there.
fn run(program: &str, arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{program} is missing: run tests/tools/install.sh ({error})")
        });
    child.stdin.take().expect("stdin was asked for").write_all(input.as_bytes()).ok();
    child.wait_with_output().expect("the program was started")
}
