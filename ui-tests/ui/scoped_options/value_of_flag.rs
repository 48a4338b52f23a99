//! A value for an option that takes none.

#[airlock::scoped(release_all = true)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
