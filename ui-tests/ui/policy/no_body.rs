//! A method of a trait, without a body.

trait Checkout {
    #[airlock::policy(DropAll)]
    fn checkout(&self) -> Result<(), airlock::FlushError>;
}

fn main() {}
