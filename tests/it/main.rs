//! The integration tests: one binary, one module per subject.

mod corpus;
mod filter;
mod laws;
mod layers;
mod playbooks;
mod seeds;
