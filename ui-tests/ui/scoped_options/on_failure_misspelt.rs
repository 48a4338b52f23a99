//! Something to do on failure that doesn't exist.

#[airlock::scoped(on_failure = Contineu)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
