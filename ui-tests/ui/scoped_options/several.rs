//! Every mistaken option of one attribute, at once.

#[airlock::scoped(polcy = DropAll, limit, release_all = true, named = "a", named = "b")]
fn checkout() -> Result<(), airlock::FlushError> {
    Ok(())
}

fn main() {}
