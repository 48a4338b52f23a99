//! Requests that are scopes: real servers on 127.0.0.1, and real clients.

mod actix;
mod axum;
mod axum_lifetimes;
mod axum_rules;
mod commits;
mod configured;
mod destinations;
mod disconnects;
mod frameworks;
mod log;
mod poem;
mod rocket;
mod salvo;
mod services;
mod shutdown;
mod support;
mod tonic;
mod traces;
