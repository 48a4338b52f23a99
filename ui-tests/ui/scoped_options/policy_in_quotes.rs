//! A policy in quotes, as tasks may be.

#[airlock::scoped(policy = "DropAll")]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
