//! The program `shop` on PostgreSQL, and before a browser. `tests/live.sh` builds it.

mod browser;
mod driver;
mod postgres;
#[path = "../../../../examples/tests/run/shop/suite/mod.rs"]
pub(crate) mod suite;

use std::path::PathBuf;

/// The program's file.
fn program() -> PathBuf {
    let program = std::env::var_os("AIRLOCK_SHOP");
    program.expect("AIRLOCK_SHOP is not set: run tests/live.sh").into()
}
