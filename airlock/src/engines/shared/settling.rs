//! What the engines that count attempts write when a message is settled.

use crate::worker::Settlement;

/// How many attempts were made of a message once it is settled, of which the last had the number
/// `attempt`. One that came early, or that a worker gives back, was not attempted.
pub(crate) fn attempts_made(attempt: u32, settlement: &Settlement) -> u32 {
    match settlement {
        Settlement::Done | Settlement::Dead { .. } | Settlement::Retry { reason: Some(_), .. } => {
            attempt
        }
        Settlement::Retry { reason: None, .. } | Settlement::Return => attempt - 1,
    }
}

/// A reason without the one character that PostgreSQL's texts can't hold: with it no message of the batch
/// could ever be settled.
#[cfg(feature = "_sql")]
pub(crate) fn without_nul(reason: &str) -> String {
    reason.replace('\0', "\u{fffd}")
}
