//! An error that is a text.

#[airlock::scoped]
fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
