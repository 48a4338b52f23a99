//! A policy in parentheses, as `#[airlock::policy(…)]` has it.

#[airlock::scoped(policy(DropAll))]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
