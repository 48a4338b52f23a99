//! An option that doesn't exist.

#[airlock::scoped(retries = 3)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
