//! A built-in policy that almost exists.

#[airlock::scoped(policy = DropAl)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
