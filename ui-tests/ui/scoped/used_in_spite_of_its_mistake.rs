//! A function with a mistaken option is still there: one mistake is one error.

struct Checkout;

impl Checkout {
    #[airlock::scoped(polcy = DropAll)]
    fn pay(&self) -> Result<u64, airlock::FlushError> {
        Ok(42)
    }
}

fn main() -> Result<(), airlock::FlushError> {
    assert_eq!(Checkout.pay()?, 42);
    Ok(())
}
