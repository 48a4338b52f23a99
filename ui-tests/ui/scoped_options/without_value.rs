//! An option that needs a value, without one.

#[airlock::scoped(policy)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
