//! A number for a name.

#[airlock::scoped(named = 5)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
