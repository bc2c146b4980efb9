//! From an alert to what a person needs: what it proves, how bad it is and why, what to do, and the commands for it.
//!
//! Pure: it gets the alert, its neighbours and the playbooks, and gives plain data. Knowledge is data under `playbooks/`.

pub mod catalogue;
mod library;
mod outcome;
pub mod playbook;

pub use library::{Catalogue, Playbooks, Problem, read_folder};
pub use outcome::{
    Analysis, Assessment, Attack, Cause, Direction, Fact, Match, Missing, Phase, PlaybookRef,
    Reason, Related, Risk, Step,
};

use crate::model::{Alert, AlertId};

/// An alert near the one that is analyzed: same container, same process, or around the same time.
#[derive(Clone, Copy, Debug)]
pub struct Neighbour<'a> {
    pub id: AlertId,
    pub alert: &'a Alert,
}

/// What the person chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The runtime or variant to prefer for commands (`docker`, `podman`, `nerdctl`, `ctr`, `crictl`, `kubectl`, `host`);
    /// `None` takes the one that the alert speaks of.
    pub variant: Option<String>,
}
