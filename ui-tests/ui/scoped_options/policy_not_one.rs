//! A value of a type that is no policy.

struct Audit;

#[airlock::scoped(policy = Audit)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
