//! An error that a failed flush can't become, of a method and behind a path.

mod errors {
    #[derive(Debug)]
    pub struct CheckoutError;
}

struct Checkout;

impl Checkout {
    #[airlock::scoped]
    fn pay(&self) -> Result<u64, errors::CheckoutError> {
        Ok(42)
    }
}

fn main() {}
