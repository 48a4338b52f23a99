//! What leaves is written to the log.

use crate::core::intent::Intent;
use crate::core::log::event;
use crate::core::policy::{Memory, Occasion, Policy, Travel, Verdict};

/// Writes every intent that gets as far as this policy to the log at flush, and allows it.
///
/// The log is `tracing`'s, target `airlock::flush`, level INFO; without the `tracing` feature it is
/// standard error.
///
/// # Examples
///
/// ```
/// use airlock::LogOnFlush;
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// airlock::scope().policy(LogOnFlush::default()).run(|| send_mail::enqueue(42))??;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LogOnFlush {}

impl Policy for LogOnFlush {
    fn memory(&self) -> Option<Box<dyn Memory>> {
        Some(Box::new(Logger))
    }

    /// It lets everything through.
    fn travel(&self) -> Travel {
        Travel::nothing()
    }
}

/// It remembers nothing, and knows an inspection.
struct Logger;

impl Memory for Logger {
    fn allows(&mut self, intent: &Intent, occasion: Occasion) -> Verdict {
        if occasion == Occasion::Inspection {
            return Verdict::Allow;
        }
        if cfg!(feature = "tracing") {
            let task = intent.name();
            event!(info, "airlock::flush", [task], "{intent}");
        } else {
            eprintln!("airlock: flushing {intent}");
        }
        Verdict::Allow
    }

    fn duplicate(&self) -> Box<dyn Memory> {
        Box::new(Self)
    }
}
