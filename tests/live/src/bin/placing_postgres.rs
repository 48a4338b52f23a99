//! See the module of the same name in `airlock-transactions`.

#[tokio::main]
async fn main() -> Result<(), airlock::BoxError> {
    airlock_transactions::placing::main().await
}
