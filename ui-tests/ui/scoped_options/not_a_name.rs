//! A policy without the option's name.

#[airlock::scoped(DropAll)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
