//! Transactions that are scopes, on PostgreSQL. SQLite's are in `tests/transactions`.

mod aborted;
mod commit;
mod conflict;
mod crash;
mod diesel;
mod diesel_kinds;
mod dropped;
mod libraries;
mod pool;
mod savepoint;
mod shop;
mod twenty;
mod two_databases;
