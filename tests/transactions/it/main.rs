//! Transactions that are scopes, on SQLite files. What needs a server is in `tests/live`.

mod best_effort;
mod captured;
mod custom;
mod diesel;
mod diesel_async;
mod failure;
mod sea_orm;
mod some_rows;
mod sqlx;
mod support;
mod transparent;
