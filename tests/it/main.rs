//! The integration tests: one binary, one module per subject.

mod filter;
mod layers;
mod playbooks;
