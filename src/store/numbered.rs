//! Texts that a worker met, as numbers.
//!
//! Most texts were met a moment ago: those are found by a few of their bytes and then compared, neither copied nor hashed as
//! a whole. Whoever chooses texts that meet in one place there only makes the longer way more frequent.

use super::index::Texts;
use std::hash::BuildHasher;

/// Bytes of a text that columns keep; the record keeps all.
const MOST: usize = 4096;

/// Numbers for groups of `N` texts.
pub(super) struct Numbered<const N: usize> {
    texts: Texts,
    /// What was met last, by [`place`]; a power of two of them.
    recent: Vec<Met>,
    /// The texts last looked for, as a key.
    key: Vec<u8>,
    hasher: rustc_hash::FxSeededState,
}

/// A number that was given, and where its texts lie: whoever finds it need not look for them.
#[derive(Clone, Copy, Default)]
struct Met {
    /// Its key, which is empty where nothing was met.
    span: (u32, u32),
    number: u32,
}

/// What some texts may be.
#[derive(Clone, Copy, Default)]
pub(super) struct Guess {
    place: usize,
    met: Met,
}

impl Guess {
    pub fn number(self) -> u32 {
        self.met.number
    }
}

impl<const N: usize> Numbered<N> {
    /// `n_recent` places are kept for what was met lately.
    pub fn new(n_recent: usize) -> Self {
        let recent = vec![Met::default(); n_recent.next_power_of_two()];
        Self { texts: Texts::default(), recent, key: Vec::new(), hasher: hasher() }
    }

    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Bytes that all texts take.
    pub fn size(&self) -> usize {
        self.texts.size()
    }

    pub fn clear(&mut self) {
        self.texts.clear();
        self.recent.fill(Met::default());
    }

    /// The number of some texts, and the key that they are when they are new.
    pub fn number(&mut self, texts: [Option<&[u8]>; N]) -> (u32, Option<&[u8]>) {
        let guess = self.guess(place(&texts));
        if is_key(self.texts.at(guess.met.span), &texts) {
            return (guess.met.number, None);
        }
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        write(texts, &mut key);
        let (number, is_new) = self.number_of_key(&key, guess);
        self.key = key;
        (number, is_new.then_some(&self.key))
    }

    /// What was met last in the place of some texts, mostly they themselves.
    pub fn guess(&self, place: usize) -> Guess {
        let place = place & (self.recent.len() - 1);
        Guess { place, met: self.recent.get(place).copied().unwrap_or_default() }
    }

    /// Looks at the key behind a guess, so that it is near; gives nothing that means anything.
    pub fn touch(&self, guess: Guess) -> u8 {
        let key = self.texts.at(guess.met.span);
        key.first().copied().unwrap_or(0) | key.last().copied().unwrap_or(0)
    }

    /// The number of the texts in a key, and whether they are new; `guess` is that of their place.
    pub fn number_of_key(&mut self, key: &[u8], guess: Guess) -> (u32, bool) {
        if self.texts.at(guess.met.span) == key {
            return (guess.met.number, false);
        }
        let (number, is_new) = self.texts.number(hash(&self.hasher, key), key);
        if let Some(recent) = self.recent.get_mut(guess.place) {
            *recent = Met { span: self.texts.span(number), number };
        }
        (number, is_new)
    }
}

/// Writes texts as a key: their lengths, and then themselves.
pub(super) fn write<const N: usize>(texts: [Option<&[u8]>; N], key: &mut Vec<u8>) {
    let texts = texts.map(|text| text.map(|text| if text.len() > MOST { cut(text) } else { text }));
    key.extend_from_slice(lengths(&texts).as_flattened());
    for text in texts.into_iter().flatten() {
        push(key, text);
    }
}

/// A length that no text has: there is none.
const NONE: u16 = u16::MAX;

/// The lengths of some texts; of those that are too long, one that no key holds.
#[inline]
fn lengths<const N: usize>(texts: &[Option<&[u8]>; N]) -> [[u8; 2]; N] {
    texts.map(|text| text.map_or(NONE, |text| length(text.len())).to_le_bytes())
}

#[inline]
fn length(n_bytes: usize) -> u16 {
    u16::try_from(n_bytes).ok().filter(|n_bytes| usize::from(*n_bytes) <= MOST).unwrap_or(NONE - 1)
}

/// Writes a text behind others. Most are names of a few letters, for which a call takes longer than to write.
#[inline]
fn push(to: &mut Vec<u8>, text: &[u8]) {
    /// A text of `N` to twice as many bytes: its begin, and over that its end.
    #[inline]
    fn ends<const N: usize>(to: &mut Vec<u8>, text: &[u8]) -> Option<()> {
        let (first, last) = (text.first_chunk::<N>()?, text.last_chunk::<N>()?);
        let end = to.len() + text.len();
        to.extend_from_slice(first);
        to.truncate(end - N);
        to.extend_from_slice(last);
        Some(())
    }
    let is_short = match text.len() {
        0 => Some(()),
        4..8 => ends::<4>(to, text),
        8..16 => ends::<8>(to, text),
        16..=32 => ends::<16>(to, text),
        33..=64 => ends::<32>(to, text),
        _ => None,
    };
    if is_short.is_none() {
        to.extend_from_slice(text);
    }
}

/// Whether a key is that of some texts; no key is that of texts which are too long.
fn is_key<const N: usize>(key: &[u8], texts: &[Option<&[u8]>; N]) -> bool {
    let lengths = lengths(texts);
    let Some((known, mut rest)) = key.split_at_checked(2 * N) else { return false };
    if !is_same(known, lengths.as_flattened()) {
        return false;
    }
    texts.iter().flatten().all(|text| {
        let Some((known, after)) = rest.split_at_checked(text.len()) else { return false };
        rest = after;
        is_same(known, text)
    })
}

/// Whether two texts of one length are the same. Most are names of a few letters, for which a call takes longer than to look.
#[inline]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(text: &[u8]) -> (Option<&[u8; N]>, Option<&[u8; N]>) {
        (text.first_chunk(), text.last_chunk())
    }
    match a.len() {
        2..4 => ends::<2>(a) == ends::<2>(b),
        4..8 => ends::<4>(a) == ends::<4>(b),
        8..16 => ends::<8>(a) == ends::<8>(b),
        16..=32 => ends::<16>(a) == ends::<16>(b),
        _ => a == b,
    }
}

/// A number from the last bytes of some texts.
pub(super) fn place(texts: &[Option<&[u8]>]) -> usize {
    let mut sum = 0_u64;
    for text in texts.iter().flatten() {
        let word = match text.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            None => text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        sum = (sum.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    usize::try_from(sum >> 40).unwrap_or(0)
}

/// What columns keep of a long text.
fn cut(text: &[u8]) -> &[u8] {
    let text = str::from_utf8(text).unwrap_or_default();
    text.get(..text.floor_char_boundary(MOST)).unwrap_or_default().as_bytes()
}

/// A fast hasher with a seed of its own.
pub(super) fn hasher() -> rustc_hash::FxSeededState {
    let seed = std::hash::RandomState::new().hash_one(0);
    rustc_hash::FxSeededState::with_seed(usize::try_from(seed).unwrap_or(1))
}

#[expect(clippy::cast_possible_truncation, reason = "half of a hash is enough")]
fn hash(hasher: &rustc_hash::FxSeededState, key: &[u8]) -> u32 {
    hasher.hash_one(key) as u32
}

/// The texts in some keys of `N` texts, in the order in which they were given.
pub(super) fn texts<const N: usize>(keys: &[u8]) -> impl Iterator<Item = [Option<&str>; N]> {
    let mut rest = keys;
    std::iter::from_fn(move || {
        let (lengths, mut after) = rest.split_at_checked(2 * N)?;
        let (lengths, _) = lengths.as_chunks::<2>();
        let mut all = [None; N];
        for (text, length) in all.iter_mut().zip(lengths) {
            let length = u16::from_le_bytes(*length);
            if length != NONE {
                let bytes;
                (bytes, after) = after.split_at_checked(usize::from(length))?;
                *text = str::from_utf8(bytes).ok();
            }
        }
        rest = after;
        Some(all)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_map_and_keys_hold_their_texts(
            all in prop::collection::vec((prop::option::of("[ab]{0,9}"), prop::option::of("[ab]{0,2}")), 0..300),
            n_recent in 1..8_usize,
        ) {
            let mut numbered = Numbered::new(n_recent);
            let mut plain = HashMap::new();
            for pair in &all {
                let next = u32::try_from(plain.len()).unwrap();
                let expected = *plain.entry(pair.clone()).or_insert(next);
                let bytes = [pair.0.as_deref(), pair.1.as_deref()].map(|text| text.map(str::as_bytes));
                let (number, key) = numbered.number(bytes);
                prop_assert_eq!((number, key.is_some()), (expected, expected == next));
                let mut written = Vec::new();
                write(bytes, &mut written);
                prop_assert_eq!(key.unwrap_or(&written), &written);
                // Whatever was met in its place.
                for place in [place(&bytes), 0] {
                    let guess = numbered.guess(place);
                    prop_assert_eq!(numbered.number_of_key(&written, guess), (number, false));
                }
                let (_, key) = numbered.number(bytes);
                prop_assert_eq!(key, None);
                let key = (expected == next).then_some(&written);
                if let Some(key) = key {
                    let twice = [&key[..], key].concat();
                    let texts: Vec<_> = texts(&twice).collect();
                    prop_assert_eq!(texts, [[pair.0.as_deref(), pair.1.as_deref()]; 2]);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn texts_of_one_length_are_the_same_or_not(a in "[ab]{0,40}", at in 0..40_usize) {
            let mut b = a.clone().into_bytes();
            prop_assert!(is_same(a.as_bytes(), &b));
            if let Some(byte) = b.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!is_same(a.as_bytes(), &b));
            }
        }
    }

    #[test]
    fn long_texts_are_cut_alike_each_time() {
        let mut numbered = Numbered::new(4);
        let long = "ü".repeat(MOST);
        let (first, key) = numbered.number([Some(long.as_bytes())]);
        assert_eq!(texts(key.unwrap()).next(), Some([long.get(..MOST)]));
        assert_eq!(numbered.number([Some(long.as_bytes())]), (first, None));
        assert_eq!(numbered.number([long.get(..MOST).map(str::as_bytes)]), (first, None));
    }
}
