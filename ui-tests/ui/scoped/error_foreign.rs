//! An error of another crate, on which nothing can be implemented.

#[airlock::scoped]
fn checkout() -> Result<(), std::io::Error> {
    Ok(())
}

fn main() {}
