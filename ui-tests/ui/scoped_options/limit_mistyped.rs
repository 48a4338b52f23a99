//! A text for a number.

#[airlock::scoped(limit = "many")]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
