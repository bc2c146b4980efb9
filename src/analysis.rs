//! From an alert to what a person needs: what it proves, how bad it is and why, what to do, and the commands for it.
//!
//! Pure: it gets the alert, its neighbours and the playbooks, and gives plain data. Knowledge is data under `playbooks/`.

mod outcome;

pub use outcome::{
    Analysis, Assessment, Attack, Cause, Direction, Fact, Match, Missing, Phase, PlaybookRef,
    Reason, Related, Risk, Step,
};
