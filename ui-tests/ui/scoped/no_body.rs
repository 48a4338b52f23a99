//! A method of a trait, without a body.

trait Checkout {
    #[airlock::scoped]
    fn checkout(&self) -> Result<(), airlock::FlushError>;
}

fn main() {}
