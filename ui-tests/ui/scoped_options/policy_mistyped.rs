//! A number for a policy.

#[airlock::scoped(policy = 5)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
