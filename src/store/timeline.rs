//! Alerts over time by priority, in a bounded number of buckets that grow wider as they must.
//!
//! Only buckets that hold something exist, so that a few odd times far away cost nothing.

use crate::model::Priority;
use rustc_hash::FxHashMap;

/// Buckets before their width doubles.
const BUCKETS: usize = 16_384;
const SECOND: i64 = 1_000_000_000;

/// Counts by priority; the ninth is for alerts without one.
pub type Counts = [u32; 9];

/// How many alerts happened when.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Nanoseconds.
    width: i64,
    buckets: FxHashMap<i64, Counts>,
    /// The bucket counted last: most alerts fall into the same one.
    at: i64,
    counts: Counts,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            width: SECOND,
            buckets: FxHashMap::default(),
            at: i64::MIN,
            counts: Counts::default(),
        }
    }
}

impl Timeline {
    /// How wide a bucket is, in nanoseconds: times are known no better than this.
    pub fn width(&self) -> i64 {
        self.width
    }

    /// Alerts in each of `columns` equal spans of the time from `from` to `to` (nanoseconds since 1970, `to` excluded).
    pub fn columns(&self, from: i64, to: i64, columns: usize) -> Vec<Counts> {
        let mut sums = vec![Counts::default(); columns];
        let span = i128::from(to) - i128::from(from);
        if span <= 0 || columns == 0 {
            return sums;
        }
        for (at, counts) in
            self.buckets.iter().map(|(at, counts)| (*at, counts)).chain([(self.at, &self.counts)])
        {
            let start = i128::from(at) * i128::from(self.width);
            // A bucket that begins before the span but reaches into it belongs to the first column.
            let reach = start + i128::from(self.width);
            if start >= i128::from(to) || reach <= i128::from(from) {
                continue;
            }
            let offset = u128::try_from(start - i128::from(from)).unwrap_or(0);
            if let Some(sum) = sums.get_mut(share(offset, columns, span.unsigned_abs())) {
                add(sum, counts);
            }
        }
        sums
    }

    pub(super) fn count(&mut self, time: i64, priority: Option<Priority>) {
        if time == i64::MIN {
            return;
        }
        if time.div_euclid(self.width) != self.at {
            self.put_away();
            // Putting away may have made the buckets wider.
            self.at = time.div_euclid(self.width);
        }
        let slot = priority.map_or(8, |priority| priority as usize);
        if let Some(count) = self.counts.get_mut(slot) {
            *count += 1;
        }
    }

    fn put_away(&mut self) {
        let counts = std::mem::take(&mut self.counts);
        if counts != Counts::default() {
            add(self.buckets.entry(self.at).or_default(), &counts);
        }
        while self.buckets.len() > BUCKETS && self.width < i64::MAX / 4 {
            self.width *= 2;
            for (at, counts) in std::mem::take(&mut self.buckets) {
                add(self.buckets.entry(at.div_euclid(2)).or_default(), &counts);
            }
        }
    }
}

/// `offset * columns / span` for an offset below the span. There may be thousands of buckets in a frame, and to divide 128 bits
/// takes longer than all the rest: that is only done for spans of years.
fn share(offset: u128, columns: usize, span: u128) -> usize {
    let product = offset * columns as u128;
    let share = match (u64::try_from(product), u64::try_from(span)) {
        (Ok(product), Ok(span)) => u128::from(product / span),
        _ => product / span,
    };
    usize::try_from(share).unwrap_or(usize::MAX)
}

fn add(sum: &mut Counts, counts: &Counts) {
    for (sum, count) in sum.iter_mut().zip(counts) {
        *sum += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_share_is_the_quotient(span in 1..u128::from(u64::MAX) * 2, part in 0..1_000_000_u128, columns in 1..400_usize) {
            let check = |offset: u128| {
                let expected = usize::try_from(offset * columns as u128 / span).unwrap();
                prop_assert_eq!(share(offset, columns, span), expected, "{} of {}", offset, span);
                Ok(())
            };
            check((span - 1) * part / 1_000_000)?;
            check(span - 1)?;
            check(0)?;
            // Just before, on and just behind the border of a column.
            let border = span.div_ceil(columns as u128) * (part % columns as u128);
            for offset in [border.saturating_sub(1), border, border + 1] {
                check(offset.min(span - 1))?;
            }
            check(span.min(977) / 2)?;
        }
    }

    #[test]
    fn alerts_stay_at_their_time_when_the_buckets_grow_wider() {
        let mut timeline = Timeline::default();
        let seconds = i64::try_from(BUCKETS).unwrap() * 5;
        for second in 0..seconds {
            timeline.count(second * SECOND, Some(Priority::Notice));
        }
        assert!(timeline.width() > SECOND);
        let columns = timeline.columns(0, seconds * SECOND, 5);
        let counted: Vec<u32> = columns.iter().map(|counts| counts.iter().sum()).collect();
        let each = u32::try_from(BUCKETS).unwrap();
        // A bucket that reaches over a border belongs to the column it begins in.
        let reach = u32::try_from(timeline.width() / SECOND).unwrap();
        assert_eq!(counted.iter().sum::<u32>(), each * 5);
        assert!(counted.iter().all(|count| count.abs_diff(each) < reach), "{counted:?}");
    }
}
