//! What airlock does with real servers. `tests/live.sh` starts them and runs this.

mod engines;
mod faults;
mod jobs;
mod leftovers;
mod log;
mod place;
mod proxy;
mod python;
mod round_trips;
mod servers;
mod shop;
mod soak;
mod support;
mod trace;
mod transactions;
mod unique;
