//! A database on a connection of SeaORM 1.1.

use sea_orm::DatabaseConnection;

fn database(connection: DatabaseConnection) -> airlock::sea_orm::Database {
    airlock::sea_orm::Database::new(connection)
}

fn main() {}
