//! Something kept for each body, in pieces that copies share: a copy made after each of ten thousand bodies must not cost
//! ten thousand entries each time.

use std::sync::Arc;

use crate::model::BodyId;

/// Bodies in one piece.
const TOGETHER: usize = 64;

/// Values by the numbers of bodies, which are given in order and without large gaps.
#[derive(Clone, Debug)]
pub struct ByBody<T>(Vec<Arc<Vec<Option<T>>>>);

impl<T> Default for ByBody<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> ByBody<T> {
    /// What is kept for a body.
    pub fn get(&self, body: BodyId) -> Option<&T> {
        let (piece, place) = split(body);
        self.0.get(piece)?.get(place)?.as_ref()
    }

    /// The same, to be changed; copies made before do not see that.
    pub fn get_mut(&mut self, body: BodyId) -> Option<&mut T> {
        let (piece, place) = split(body);
        Arc::make_mut(self.0.get_mut(piece)?).get_mut(place)?.as_mut()
    }

    /// Keeps a value for a body instead of what was kept.
    pub fn insert(&mut self, body: BodyId, value: T) {
        let (piece, place) = split(body);
        if self.0.len() <= piece {
            self.0.resize_with(piece + 1, Arc::default);
        }
        let Some(piece) = self.0.get_mut(piece).map(Arc::make_mut) else { return };
        if piece.len() <= place {
            piece.resize_with(place + 1, || None);
        }
        if let Some(slot) = piece.get_mut(place) {
            *slot = Some(value);
        }
    }

    /// Everything that is kept, by body in order.
    pub fn iter(&self) -> impl Iterator<Item = (BodyId, &T)> {
        let all = self.0.iter().enumerate().flat_map(|(piece, values)| {
            values.iter().enumerate().map(move |(place, value)| (piece * TOGETHER + place, value))
        });
        all.filter_map(|(body, value)| Some((BodyId(u32::try_from(body).ok()?), value.as_ref()?)))
    }
}

fn split(body: BodyId) -> (usize, usize) {
    (body.0 as usize / TOGETHER, body.0 as usize % TOGETHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_see_what_comes_later() {
        let mut all = ByBody::default();
        for body in [0, 1, 63, 64, 200] {
            all.insert(BodyId(body), body);
        }
        let copy = all.clone();
        *all.get_mut(BodyId(64)).unwrap() = 7;
        all.insert(BodyId(2), 2);
        assert_eq!((copy.get(BodyId(64)), all.get(BodyId(64))), (Some(&64), Some(&7)));
        assert_eq!((copy.get(BodyId(2)), copy.get(BodyId(999))), (None, None));
        let bodies: Vec<u32> = all.iter().map(|(body, _)| body.0).collect();
        assert_eq!(bodies, [0, 1, 2, 63, 64, 200]);
    }
}
