//! An option that almost exists.

#[airlock::scoped(on_faliure = Continue)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
