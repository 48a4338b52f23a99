//! What became of a message.

use std::fmt;
use std::time::Duration;

use crate::core::cut::cut;

/// A message with what became of it.
#[derive(Debug)]
pub struct Settled<R> {
    /// The message's receipt.
    pub receipt: R,
    /// What became of it.
    pub settlement: Settlement,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The task succeeded and its effects have left: the engine may forget the message.
    Done,
    /// The message is to be delivered again, no sooner than after this time.
    Retry {
        /// How long to wait.
        after: Duration,
        /// Why the attempt failed; `None` if none was made because the message came early.
        reason: Option<String>,
    },
    /// The message is not tried any more: the engine keeps it as a dead letter, with the reason.
    Dead {
        /// What to tell the person who looks at it.
        reason: String,
    },
    /// A worker that shuts down returns the message, as if it had not been delivered.
    Return,
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Retry { after, reason: Some(reason) } => {
                write!(f, "to be tried again in {after:.1?}: {}", cut(reason))
            }
            Self::Retry { after, reason: None } => write!(f, "early by {after:.1?}"),
            Self::Dead { reason } => write!(f, "dead letter: {}", cut(reason)),
            Self::Return => f.write_str("given back"),
        }
    }
}
