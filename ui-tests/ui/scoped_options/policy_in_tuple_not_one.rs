//! A tuple of which one member is no policy.

struct Audit;

#[airlock::scoped(policy = (DropAll, Audit))]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
