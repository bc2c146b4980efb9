//! Patterns for names and paths, as C's `fnmatch` reads them: byte by byte, `*` also over slashes.

/// A compiled pattern; matches whole values.
#[derive(Clone, Debug)]
pub struct Glob {
    parts: Vec<Part>,
    fold: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Byte(u8),
    Any,
    Star,
    Class(Box<[bool; 256]>),
    /// A backslash at the end fits nothing.
    Nothing,
}

impl Glob {
    /// Compiles; every text is a pattern.
    pub fn new(pattern: &str, fold: bool) -> Self {
        let bytes = pattern.as_bytes();
        let mut parts = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            parts.push(match byte {
                b'?' => Part::Any,
                b'*' => {
                    if matches!(parts.last(), Some(Part::Star)) {
                        continue;
                    }
                    Part::Star
                }
                b'\\' => match rest.split_first() {
                    Some((&quoted, after)) => {
                        rest = after;
                        Part::Byte(folded(quoted, fold))
                    }
                    None => Part::Nothing,
                },
                b'[' => match class(rest, fold) {
                    Some((class, after)) => {
                        rest = after;
                        class
                    }
                    None => Part::Byte(b'['),
                },
                _ => Part::Byte(folded(byte, fold)),
            });
        }
        Self { parts, fold }
    }

    /// The runs of bytes that stand in each value that fits, in lower case where case does not matter.
    pub fn literals(&self) -> impl Iterator<Item = Vec<u8>> {
        let runs = self.parts.split(|part| !matches!(part, Part::Byte(_)));
        runs.map(|run| {
            let bytes = run.iter().filter_map(|part| match part {
                Part::Byte(byte) => Some(*byte),
                _ => None,
            });
            bytes.collect()
        })
    }

    /// Whether the whole value fits. Time is bounded by the product of both lengths.
    pub fn matches(&self, value: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        // Where to go on when what follows the last star did not fit.
        let mut retry: Option<(usize, usize)> = None;
        loop {
            let fits = match (self.parts.get(part), value.get(at)) {
                (None, None) => return true,
                (Some(Part::Star), _) => {
                    retry = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                (Some(part), Some(byte)) => part.fits(folded(*byte, self.fold)),
                _ => false,
            };
            if fits {
                part += 1;
                at += 1;
            } else {
                match retry {
                    Some((after, from)) if from < value.len() => {
                        retry = Some((after, from + 1));
                        part = after;
                        at = from + 1;
                    }
                    _ => return false,
                }
            }
        }
    }
}

impl Part {
    fn fits(&self, byte: u8) -> bool {
        match self {
            Self::Byte(own) => *own == byte,
            Self::Any => true,
            Self::Class(members) => members.get(usize::from(byte)).copied().unwrap_or(false),
            Self::Star | Self::Nothing => false,
        }
    }
}

fn folded(byte: u8, fold: bool) -> u8 {
    if fold { byte.to_ascii_lowercase() } else { byte }
}

/// A bracket expression after its `[`; `None` when it is never closed and the bracket stands for itself.
fn class(after: &[u8], fold: bool) -> Option<(Part, &[u8])> {
    let (negated, mut rest) = match after {
        [b'!' | b'^', rest @ ..] => (true, rest),
        _ => (false, after),
    };
    let mut members = Box::new([false; 256]);
    let mut add = |low: u8, high: u8| {
        for byte in low..=high {
            if let Some(member) = members.get_mut(usize::from(folded(byte, fold))) {
                *member = true;
            }
        }
    };
    let mut first = true;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        if byte == b']' && !first {
            break;
        }
        first = false;
        if byte == b'['
            && let Some(body) = rest.strip_prefix(b":")
            && let Some(end) = body.windows(2).position(|pair| pair == b":]")
            && let Some(contains) = body.get(..end).and_then(named)
        {
            for byte in 0..=u8::MAX {
                if contains(byte) {
                    add(byte, byte);
                }
            }
            rest = body.get(end + 2..)?;
            continue;
        }
        let low = if byte == b'\\' { take(&mut rest)? } else { byte };
        match rest {
            [b'-', high, ..] if *high != b']' => {
                rest = rest.get(1..)?;
                let high = match take(&mut rest)? {
                    b'\\' => take(&mut rest)?,
                    high => high,
                };
                add(low, high);
            }
            _ => add(low, low),
        }
    }
    if negated {
        for member in members.iter_mut() {
            *member = !*member;
        }
    }
    Some((Part::Class(members), rest))
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (&byte, after) = rest.split_first()?;
    *rest = after;
    Some(byte)
}

fn named(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| matches!(byte, b' ' | b'\t'),
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => |byte| matches!(byte, b' ' | 9..=13),
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

/// A set of path prefixes (`pmatch`): split at slashes, empty parts ignored, each part a pattern of its own.
#[derive(Clone, Debug, Default)]
pub struct Prefixes(Vec<Vec<Glob>>);

impl Prefixes {
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            paths
                .into_iter()
                .map(|path| components(path).map(|part| Glob::new(part, false)).collect())
                .collect(),
        )
    }

    /// How many paths there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// For each path the runs of bytes that stand in each value under it.
    pub fn literals(&self) -> impl Iterator<Item = impl Iterator<Item = Vec<u8>>> {
        self.0.iter().map(|globs| globs.iter().flat_map(Glob::literals))
    }

    /// Whether the value is one of the paths or lies under one. `/` holds everything.
    pub fn hold(&self, value: &str) -> bool {
        self.0.iter().any(|prefix| {
            let mut parts = components(value);
            prefix.iter().all(|glob| parts.next().is_some_and(|part| glob.matches(part.as_bytes())))
        })
    }
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}
