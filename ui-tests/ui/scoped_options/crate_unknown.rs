//! A path where airlock isn't.

#[airlock::scoped(crate = effects)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
