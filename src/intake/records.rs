//! Reads one record again: its bytes from the body they lie in, decoded as the first time.

use crate::decode::fast::{Everything, Scanner};
use crate::decode::{self, Context, Item};
use crate::model::{Alert, BodyId, Location, Origin};
use crate::source::{Bodies, ByBody, Delivery, Gone};
use jiff::Timestamp;
use std::fs::File;
use std::sync::Arc;

/// Where records lie, and how each body is decoded. A clone does not see later bodies.
#[derive(Clone, Debug, Default)]
pub struct Records {
    bodies: Bodies,
    contexts: ByBody<Arc<Context>>,
}

impl Records {
    /// Notes a delivery that opens, cuts or ends a body.
    pub fn note(&mut self, delivery: &Delivery, context: &Context) {
        self.bodies.note(delivery);
        if let Delivery::Opened(opened) = delivery {
            let written_at = opened
                .handle
                .metadata()
                .ok()
                .filter(|metadata| metadata.is_file() && opened.path.is_some())
                .and_then(|metadata| metadata.modified().ok())
                .and_then(|time| Timestamp::try_from(time).ok());
            let context =
                Context { written_at: context.written_at.or(written_at), ..context.clone() };
            self.contexts.insert(opened.body, Arc::new(context));
        }
    }

    /// Keeps bytes that came just now, for who reads their records at once.
    pub fn keep(&mut self, body: BodyId, offset: u64, bytes: &[u8]) {
        self.bodies.keep(body, offset, bytes);
    }

    /// How a body is decoded.
    pub fn context(&self, body: BodyId) -> Arc<Context> {
        self.contexts.get(body).cloned().unwrap_or_default()
    }

    /// The handle of a body while it is held, for reading many records in one go.
    pub fn handle(&self, body: BodyId) -> Option<&Arc<File>> {
        self.bodies.handle(body)
    }

    /// The bytes of a record.
    pub fn read(&self, location: Location) -> Result<Vec<u8>, Gone> {
        self.bodies.read(location)
    }

    /// The record's bytes and the alert in it. `origin` is what the store says about where it lies.
    pub fn alert(&self, location: Location, origin: Origin) -> Result<(Vec<u8>, Alert), Gone> {
        let bytes = self.read(location)?;
        let alert = careful(&bytes, location.nth, &self.context(location.body))?;
        Ok((bytes, Alert { origin, ..alert }))
    }

    /// The same alert for who reads many: `scanner` reads most of them faster.
    ///
    /// # Errors
    /// When it does not stand there any more.
    pub fn alert_by(
        &self,
        scanner: &mut Scanner,
        location: Location,
        origin: Origin,
    ) -> Result<Alert, Gone> {
        let mut line = self.read(location)?;
        line.push(b'\n');
        let ctx = self.context(location.body);
        let picked = (location.nth == 0).then(|| scanner.pick(&line, &ctx, &Everything)).flatten();
        let alert = match picked {
            Some(alert) => alert,
            None => {
                line.pop();
                careful(&line, location.nth, &ctx)?
            }
        };
        Ok(Alert { origin, ..alert })
    }
}

/// The alert that some bytes hold, read with care.
fn careful(bytes: &[u8], nth: u32, ctx: &Arc<Context>) -> Result<Alert, Gone> {
    match decode::reread(bytes, nth, ctx) {
        Item::Alert(alert) => Ok(*alert),
        _ => Err(Gone("other bytes stand there now".to_owned())),
    }
}
