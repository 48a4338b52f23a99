//! Secrets that `#[tracing::instrument]` would log.

#![allow(unused_variables)]

use tracing::instrument;

#[airlock::task]
#[tracing::instrument]
fn reset(order_id: u64, #[secret] token: String, #[secret] pin: u16) {}

#[airlock::task]
#[instrument(level = "debug", skip(order_id, token))]
async fn reset_later(order_id: u64, #[secret] token: String, #[secret] pin: u16) {}

#[airlock::task]
#[cfg_attr(all(), instrument)]
fn reset_in_some_builds(#[secret] token: String) {}

#[tracing::instrument(skip(pin))]
#[airlock::task]
fn reset_above(order_id: u64, #[secret] token: String, #[secret] pin: u16) {}

#[instrument]
#[airlock::task]
async fn reset_above_later(order_id: u64, #[secret] token: String, #[secret] pin: u16) {}

fn main() {}
