//! What people decide about alerts, kept so that it is never lost and never asked twice.
//!
//! A decision is a [`Change`] to what is known under a [`Key`]; changes are only ever added. The [`Board`] is the sum of
//! all changes, in memory; the [`Writer`] makes them durable in one `SQLite` file and tells of changes made by others.
//! An undo is one more change, and an import is a union of changes.

mod board;
mod bundle;
mod change;
mod db;
mod edit;
mod key;
mod known;
mod suppression;
mod term;
mod writer;

pub use board::{Board, Standing};
pub use bundle::Bundle;
pub use change::{About, Change, Decision};
pub use db::{Db, Evidence, Fault, Retention};
pub use edit::{Edit, Signature, change};
pub use key::{AlertKeys, Key, Place, Scope, hex, workload};
pub use suppression::{Shelter, Suppression};
pub use term::{condition, until};
pub use writer::{Answer, Beat, Order, Stuck, Unsaved, Writer};
