//! The names of output fields met so far: what each means, and whether it stood in this line already.

/// A field that has a column, or may stand in for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    ContainerId,
    ContainerName,
    ImageRepository,
    Image,
    Namespace,
    MetaNamespace,
    AuditNamespace,
    Pod,
    MetaPod,
    AuditPod,
    Process,
}

impl Column {
    pub const COUNT: usize = 11;

    fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"container.id" => Self::ContainerId,
            b"container.name" => Self::ContainerName,
            b"container.image.repository" => Self::ImageRepository,
            b"container.image" => Self::Image,
            b"k8s.ns.name" => Self::Namespace,
            b"k8smeta.ns.name" => Self::MetaNamespace,
            b"ka.target.namespace" => Self::AuditNamespace,
            b"k8s.pod.name" => Self::Pod,
            b"k8smeta.pod.name" => Self::MetaPod,
            b"ka.target.pod.name" => Self::AuditPod,
            b"proc.name" => Self::Process,
            _ => return None,
        })
    }
}

/// Places in the table; half of them may be taken.
const PLACES: usize = 1024;

/// A table of names, each in a place of its own.
#[derive(Debug)]
pub(super) struct Keys {
    places: Vec<Option<Key>>,
    n_taken: usize,
    /// The line that is being read.
    line: u64,
}

#[derive(Debug)]
struct Key {
    name: Box<[u8]>,
    column: Option<Column>,
    /// The line it stood in last.
    line: u64,
}

impl Default for Keys {
    fn default() -> Self {
        Self { places: std::iter::repeat_with(|| None).take(PLACES).collect(), n_taken: 0, line: 0 }
    }
}

impl Keys {
    /// Begins a line.
    pub fn begin(&mut self) {
        self.line += 1;
    }

    /// What a name means; refuses names that stood in this line already, and those that may have been changed by a
    /// forwarder.
    #[expect(clippy::option_option, reason = "refused, of no column, of a column")]
    pub fn find(&mut self, name: &[u8]) -> Option<Option<Column>> {
        let mut place = hash(name);
        loop {
            match self.places.get_mut(place % PLACES)? {
                Some(key) if *key.name == *name => {
                    if key.line == self.line {
                        return None;
                    }
                    key.line = self.line;
                    return Some(key.column);
                }
                Some(_) => place += 1,
                free => {
                    if self.n_taken >= PLACES / 2 || !is_plain(name) {
                        return None;
                    }
                    self.n_taken += 1;
                    let column = Column::of(name);
                    *free = Some(Key { name: name.into(), column, line: self.line });
                    return Some(column);
                }
            }
        }
    }
}

/// A name as Falco writes it: with a dot, and not ending as the changed ones do.
fn is_plain(name: &[u8]) -> bool {
    name.contains(&b'.')
        && name.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'[' | b']' | b'-')
        })
        && name.last().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b']')
}

fn hash(name: &[u8]) -> usize {
    let word = |bytes: Option<&[u8; 8]>| bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let (first, last) = (word(name.first_chunk()), word(name.last_chunk()));
    let short = if name.len() < 8 {
        name.iter().fold(0, |sum, byte| sum * 31 + u64::from(*byte))
    } else {
        0
    };
    let mixed = (first ^ last.rotate_left(23) ^ short ^ name.len() as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 50).unwrap_or(0)
}
