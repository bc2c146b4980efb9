//! The words of the program as types: what an alert is, where it came from, and what we call its parts.
//!
//! Nothing here knows a clock, a disk, a terminal or, but for [`spelling`], a format. Everything inside an [`Alert`] is as
//! hostile as it was when Falco wrote it; `text`, `analysis::quote` and `report` are the gates it passes on its way out.

mod alert;
mod columns;
mod level;
mod origin;
mod priority;
pub mod spelling;
mod value;
mod verdict;

pub use alert::{Alert, Container, Flag, Flags, TimeFrom};
pub use columns::Columns;
pub use level::Level;
pub use origin::{AlertId, BodyId, Location, Origin, Reject, SourceId};
pub use priority::Priority;
pub use value::{Fields, Value};
pub use verdict::{Status, Verdict};
