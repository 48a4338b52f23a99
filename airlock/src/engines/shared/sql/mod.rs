//! What the engines in databases share.

mod chunks;
mod control_pool;
mod error;
mod settings;
mod worker;

pub(crate) use chunks::chunks;
pub(crate) use control_pool::ControlPool;
#[cfg(feature = "graphile")]
pub(crate) use error::{SET_UP, is_missing};
pub(crate) use error::{error, intents};
pub(crate) use settings::worker_settings;
pub(crate) use worker::SqlWorker;
