//! What the tests of faults share with the programs that they kill.

mod engine;
mod record;
mod tasks;

pub use engine::{Engine, Sender, Server};
pub use record::Record;
pub use tasks::{aborts, pack, panics, ship, worker};
