//! The caller of a body that runs in a closure.

use std::panic::Location;

#[airlock::scoped]
#[track_caller]
fn below() -> Result<u32, airlock::FlushError> {
    Ok(Location::caller().line())
}

#[track_caller]
#[airlock::scoped]
fn above() -> Result<u32, airlock::FlushError> {
    Ok(Location::caller().line())
}

#[airlock::scoped]
#[cfg_attr(all(), track_caller)]
fn in_some_builds() -> Result<u32, airlock::FlushError> {
    Ok(Location::caller().line())
}

#[airlock::scoped]
fn inside() -> Result<u32, airlock::FlushError> {
    #![track_caller]
    Ok(Location::caller().line())
}

fn main() {
    let _ = (below(), above(), in_some_builds(), inside());
}
