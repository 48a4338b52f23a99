//! Jobs that workers have given up.

use airlock::envelope::Envelope;
use airlock::worker::DeadLetter;

/// An effect that did not happen, and why.
#[derive(Debug)]
pub(crate) struct GivenUp {
    task: String,
    order_id: i64,
    pub(crate) reason: String,
}

impl GivenUp {
    /// Reads a dead letter; one that is none of an order's says nothing here.
    pub(super) fn of(letter: &DeadLetter) -> Option<Self> {
        let envelope = Envelope::from_json(&letter.body).ok()?;
        let arguments: serde_json::Value = serde_json::from_str(envelope.arguments()).ok()?;
        let order_id = arguments["order_id"].as_i64()?;
        Some(Self { task: envelope.task().to_owned(), order_id, reason: letter.reason.clone() })
    }

    /// Whether this is the effect of a task on an order.
    pub(crate) fn is(&self, task: &str, order_id: i64) -> bool {
        self.task == task && self.order_id == order_id
    }
}
