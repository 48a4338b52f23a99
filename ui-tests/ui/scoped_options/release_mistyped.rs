//! A rule that gives no answer.

#[airlock::scoped(release = |intent: &airlock::Intent| println!("{intent}"))]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
