//! A guard on a connection of SeaORM 1.1.

use sea_orm::DatabaseConnection;

fn place(connection: &DatabaseConnection) {
    let _ = airlock::sea_orm::begin(connection);
}

fn main() {}
