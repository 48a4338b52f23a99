//! What the fuzzing targets read Celery's messages in Redis by.

use crate::engines::celery::redis::keys::Keys;
use crate::engines::celery::redis::receive::message;
use crate::envelope::{Envelope, EnvelopeError};

/// Reads a message as it lies in a list.
///
/// # Errors
///
/// Why the worker would keep it as a dead letter.
pub fn celery_redis(raw: Vec<u8>) -> Result<Envelope, EnvelopeError> {
    let unknown = String::new;
    message(&Keys::default(), "celery", (unknown(), 1, raw, unknown(), unknown(), unknown()))
        .envelope
}
