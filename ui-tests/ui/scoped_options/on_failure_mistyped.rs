//! A text for what to do on failure.

#[airlock::scoped(on_failure = "continue")]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
