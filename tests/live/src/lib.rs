//! What the tests share with the benchmarks, and with the programs that they kill.

mod engine;
mod record;
mod tasks;
mod traced;

pub use engine::{Engine, KeyScope, LOST_AFTER, QueueOrder, RetriedKey, Sender, Server, Tables};
pub use record::Record;
pub use tasks::{ATTEMPTS, aborts, any, ends_worker, pack, panics, ship, worker};
pub use traced::{Trace, Traced, TracedReceipt, now};
