//! Requests that are scopes: real servers on 127.0.0.1, and real clients.

mod axum_lifetimes;
mod axum_rules;
mod services;
mod support;
