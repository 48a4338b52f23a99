//! A built-in policy that almost exists, in a path.

#[airlock::scoped(policy = (DropAll, LogOnFlsh::default()))]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
