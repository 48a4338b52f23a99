//! A rule that takes what it isn't given.

#[airlock::scoped(flush_if = |outcome: &str| outcome == "paid")]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
