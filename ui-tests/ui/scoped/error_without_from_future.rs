//! An error that a failed flush can't become, of a function that returns a future.

#[derive(Debug)]
struct CheckoutError;

#[airlock::scoped]
fn checkout() -> impl Future<Output = Result<(), CheckoutError>> {
    std::future::ready(Ok(()))
}

fn main() {}
