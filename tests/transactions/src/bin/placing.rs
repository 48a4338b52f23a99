//! See the module of the same name.

#[tokio::main]
async fn main() -> Result<(), airlock::BoxError> {
    airlock_transactions::placing::main().await
}
