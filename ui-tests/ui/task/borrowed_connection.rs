//! Connections as arguments, of every library.

#![allow(unused_variables)]

mod sqlx {
    pub struct PgConnection;
    pub struct Transaction<'c, D>(std::marker::PhantomData<&'c D>);
}

use diesel_async::AsyncPgConnection;

mod diesel_async {
    pub struct AsyncPgConnection;
}

#[airlock::task]
async fn with_sqlx(connection: &mut sqlx::PgConnection, order_id: u64) {}

#[airlock::task]
async fn with_diesel(connection: &mut AsyncPgConnection, order_id: u64) {}

#[airlock::task]
async fn with_transaction(tx: &mut sqlx::Transaction<'_, u8>, order_id: u64) {}

#[airlock::task]
async fn with_owned_transaction(tx: sqlx::Transaction<'static, u8>, order_id: u64) {}

fn main() {}
