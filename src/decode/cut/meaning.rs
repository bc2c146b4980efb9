//! What a key of a message means in every rule.

use super::appended;
use crate::decode::templates::{common_field, is_field_key};

/// What a key means wherever it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Its place among those that Falco appends.
    pub appended: Option<usize>,
    pub field: Field,
}

/// The field that a key stands for in every rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    None,
    Common(&'static str),
    /// The key is the field's own name.
    Own,
}

impl Meaning {
    pub fn of(key: &str) -> Self {
        let field = match common_field(key) {
            Some(field) => Field::Common(field),
            None if is_field_key(key) => Field::Own,
            None => Field::None,
        };
        Self { appended: appended(key), field }
    }

    /// Whether it is more than a word.
    pub fn is_any(self) -> bool {
        self.appended.is_some() || self.field != Field::None
    }

    /// The field that a key of this meaning stands for wherever it stands; what Falco appends has its own.
    pub fn field_of(self, key: &str) -> Option<&str> {
        match self.field {
            Field::Common(field) => Some(field),
            Field::Own => Some(key),
            Field::None => None,
        }
    }
}
