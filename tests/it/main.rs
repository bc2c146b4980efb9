//! The integration tests: one binary, one module per subject.

mod corpus;
mod docs;
mod e2e;
mod filter;
mod laws;
mod layers;
mod picture;
mod playbooks;
mod seeds;
mod session;
mod themes;
