//! An error that a failed flush can't become.

#[derive(Debug)]
struct CheckoutError;

#[airlock::scoped]
fn checkout() -> Result<(), CheckoutError> {
    Ok(())
}

fn main() {}
