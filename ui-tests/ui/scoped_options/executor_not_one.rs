//! A value of a type that is no executor.

struct Queue;

#[airlock::scoped(executor = Queue)]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
