//! An error that a failed flush can't become, of an async function.

#[derive(Debug)]
struct CheckoutError;

#[airlock::scoped]
async fn checkout() -> Result<(), CheckoutError> {
    Ok(())
}

fn main() {}
