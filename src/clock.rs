//! The only place that asks what time it is, so that everything else can be tested with a fixed one.

use jiff::Timestamp;

/// Now, from the system's clock.
pub fn now() -> Timestamp {
    Timestamp::now()
}
