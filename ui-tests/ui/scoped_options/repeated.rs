//! An option, twice.

#[airlock::scoped(policy = DropAll, policy = AllowAll)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
