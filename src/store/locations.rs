//! Where records lie: of one alert, or of many that are asked for in order.

use super::segment::Stretch;
use super::{Segment, split};
use crate::model::{AlertId, Location};
use std::sync::Arc;

/// Where an alert lies: alerts of one document share their bytes, and stand behind each other.
pub(super) fn location(segments: &[Arc<Segment>], id: AlertId) -> Option<Location> {
    let of = |id: AlertId| {
        let (at, index) = split(id);
        segments.get(at)?.location(index)
    };
    let location = of(id)?;
    let before = (0..id.0).rev().take_while(|before| of(AlertId(*before)) == Some(location));
    let nth = u32::try_from(before.count()).unwrap_or(u32::MAX);
    Some(Location { nth, ..location })
}

/// Finds where many records lie; quick for those on lines behind each other.
#[derive(Debug)]
pub struct Locations<'a> {
    segments: &'a [Arc<Segment>],
    /// The segment of the alert asked about last, and the rows around it that lie behind each other.
    at: usize,
    stretch: Option<(&'a Segment, Stretch)>,
}

impl<'a> Locations<'a> {
    pub(super) fn new(segments: &'a [Arc<Segment>]) -> Self {
        Self { segments, at: 0, stretch: None }
    }

    /// Where one record lies, and whether it is plain: on a line of its own, in which each letter or digit that it says
    /// stands as it is.
    pub fn of(&mut self, id: AlertId) -> Option<(Location, bool)> {
        let (at, index) = split(id);
        let known = self
            .stretch
            .as_ref()
            .filter(|(_, stretch)| at == self.at && (stretch.first..stretch.end).contains(&index));
        let (segment, stretch) = if let Some((segment, stretch)) = known {
            (*segment, stretch)
        } else {
            let segment: &'a Segment = self.segments.get(at)?;
            self.at = at;
            let (segment, stretch) = self.stretch.insert((segment, segment.stretch(index)?));
            (*segment, &*stretch)
        };
        // Others before it may lie in the same document.
        if index == stretch.first {
            let location = location(self.segments, id)?;
            return Some((location, segment.is_plain(index)));
        }
        Some((segment.location_in(stretch, index)?, segment.is_plain(index)))
    }
}
