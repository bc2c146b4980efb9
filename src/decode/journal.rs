//! The journal's export format: `NAME=value` lines, binary values by their length, a blank line between entries.

use super::{
    body::{Outcome, Piece},
    own,
    record::Wrap,
    stream::Place,
    unwrap::{self, Found},
};
use crate::model::{Flags, Value};

/// One entry while it is read.
#[derive(Debug)]
pub(super) struct Export {
    pub place: Place,
    pub end: u64,
    fields: Vec<(Box<str>, Value)>,
    /// A binary field: its name, and its length and data as far as they came.
    binary: Option<(Box<str>, Vec<u8>)>,
}

/// Binary fields larger than this are not waited for.
const BINARY_LIMIT: u64 = 64 << 20;

impl Export {
    /// Whether a line is the first of an entry.
    pub fn begins(line: &[u8]) -> bool {
        line.starts_with(b"__CURSOR=") || line.starts_with(b"__REALTIME_TIMESTAMP=")
    }

    pub fn new(place: Place) -> Self {
        Self { place, end: place.offset, fields: Vec::new(), binary: None }
    }

    /// Takes a line; false when the entry ended before it.
    pub fn add(&mut self, line: &[u8], end: u64) -> bool {
        if let Some((name, mut data)) = self.binary.take() {
            data.extend_from_slice(line);
            self.end = end;
            match data.first_chunk::<8>().map(|size| u64::from_le_bytes(*size)) {
                Some(size)
                    if data.len() as u64 >= size.saturating_add(8) || size > BINARY_LIMIT =>
                {
                    let value = data.get(8..).unwrap_or_default();
                    let value =
                        value.get(..usize::try_from(size).unwrap_or(value.len())).unwrap_or(value);
                    self.set(name, value);
                }
                _ => {
                    data.push(b'\n');
                    self.binary = Some((name, data));
                }
            }
            return true;
        }
        if line.is_empty() {
            return false;
        }
        self.end = end;
        match memchr::memchr(b'=', line) {
            Some(at) => {
                let name = String::from_utf8_lossy(line.get(..at).unwrap_or_default());
                self.set(name.into(), line.get(at + 1..).unwrap_or_default());
            }
            None => self.binary = Some((String::from_utf8_lossy(line).into(), Vec::new())),
        }
        true
    }

    fn set(&mut self, name: Box<str>, value: &[u8]) {
        let value = match std::str::from_utf8(value) {
            Ok(text) => Value::String(text.into()),
            Err(_) => Value::Array(
                value.iter().map(|byte| Value::Number(byte.to_string().into())).collect(),
            ),
        };
        self.fields.push((name, value));
    }

    /// The entry as the journal's JSON would have it.
    pub fn into_pieces(mut self) -> Vec<Piece> {
        if let Some((name, data)) = self.binary.take() {
            self.set(name, data.get(8..).unwrap_or_default());
        }
        let mut wrap = Wrap::default();
        for (name, value) in &self.fields {
            match (&**name, value) {
                ("__REALTIME_TIMESTAMP", value) => {
                    wrap.time = value.as_i128().and_then(super::time::epoch);
                }
                ("_HOSTNAME", Value::String(host)) => wrap.hostname = Some(host.clone()),
                _ => {}
            }
        }
        let mut found = Vec::new();
        unwrap::journal(&self.fields, wrap, &mut found);
        let pieces = found.into_iter().map(|found| {
            let outcome = match found {
                Found::Text(inner) => Outcome::Inner(inner, Flags::default()),
                Found::Other(what) => Outcome::Other(what),
                Found::Nothing(why) => Outcome::Reject(why),
                Found::Alert(..) => Outcome::Other(own::PROGRAM),
            };
            Piece { start: 0, end: 0, outcome }
        });
        pieces.collect()
    }
}
