//! An error that a failed flush can't become, behind an alias of `Result`.

mod checkout {
    #[derive(Debug)]
    pub struct Error;

    pub type Result<T> = std::result::Result<T, Error>;
}

#[airlock::scoped]
fn pay() -> checkout::Result<u64> {
    Ok(42)
}

fn main() {}
