//! States without a size.

#![allow(unused_variables)]

trait Smtp {}

#[airlock::task]
fn text(#[state] host: &str, order_id: u64) {}

#[airlock::task]
fn slice(#[state] hosts: &[String], order_id: u64) {}

#[airlock::task]
async fn object(#[state] smtp: &(dyn Smtp + Send + Sync), order_id: u64) {}

fn main() {}
