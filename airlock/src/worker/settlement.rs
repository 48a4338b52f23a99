//! What became of a message.

use std::fmt;
use std::time::Duration;

use crate::core::cut::cut;

/// A message with what became of it.
#[derive(Clone, Debug)]
pub struct Settled<R> {
    /// The message's receipt.
    pub receipt: R,
    /// What became of it.
    pub settlement: Settlement,
}

/// What became of a message.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |reason: &str| cut(format_args!("{reason:?}")).to_string();
        match self {
            Self::Done => f.write_str("Done"),
            Self::Retry { after, reason } => {
                let reason = reason.as_deref().map(shown);
                let reason = reason.as_deref().map(Shown);
                f.debug_struct("Retry").field("after", after).field("reason", &reason).finish()
            }
            Self::Dead { reason } => {
                f.debug_struct("Dead").field("reason", &Shown(&shown(reason))).finish()
            }
            Self::Return => f.write_str("Return"),
        }
    }
}

/// A text that is quoted and cut already.
struct Shown<'a>(&'a str);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
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
