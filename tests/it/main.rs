//! The integration tests: one binary, one module per subject.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::format_collect,
    reason = "a test that cannot go on may stop, and some print what they measure"
)]

mod cli;
mod commands;
mod corpus;
mod count;
mod docs;
mod e2e;
mod filter;
mod hostile;
mod identities;
mod inputs;
mod laws;
mod layers;
mod levels;
mod lint;
mod picture;
mod playbooks;
mod report;
mod runtimes;
mod seeds;
mod session;
mod sweep;
mod themes;
mod triage;
