//! Transactions that are scopes, on SQLite files. What needs a server is in `tests/live`.

mod sqlx;
mod support;
