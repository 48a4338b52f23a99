//! Tasks: public and private, sync and async, with every option and every kind of parameter.

use std::io;

use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What is ordered.
    pub lines: Vec<u64>,
}

/// A connection.
#[derive(Debug)]
pub struct Smtp {
    /// Where it goes.
    pub host: String,
}

/// Has nothing.
#[airlock::task]
pub fn nothing() {}

/// Has a name and a queue.
#[airlock::task(name = "strict.mail", queue = "emails", max_attempts = 5)]
pub fn mail(order_id: u64, #[secret] token: String) {
    drop((order_id, token));
}

/// Takes a whole order.
///
/// # Errors
///
/// Where there is nothing in it.
#[airlock::task]
pub fn pack(order: Order) -> Result<(), io::Error> {
    if order.lines.is_empty() { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(()) }
}

/// Has a state.
///
/// # Errors
///
/// Where the host is empty.
#[airlock::task]
pub async fn send(#[state] smtp: &Smtp, order_id: u64) -> Result<(), String> {
    drop(std::future::ready(order_id).await.to_string());
    if smtp.host.is_empty() { Err("no host".to_owned()) } else { Ok(()) }
}

/// Stays here.
#[airlock::task(local)]
pub fn call(callback: Box<dyn FnOnce() + Send>) {
    callback();
}

/// Is found under another path.
#[airlock::task(crate = airlock)]
pub fn renamed(mut count: u64, _unused: u8) {
    count += 1;
    drop(count.to_string());
}

/// Is going.
#[deprecated(note = "use `mail`")]
#[airlock::task]
pub fn old(order_id: u64) {
    drop(order_id.to_string());
}

#[airlock::task]
pub(crate) fn in_crate(r#type: u64) {
    drop(r#type.to_string());
}

/// Nobody calls this, but the registry knows it: it is no dead code.
#[airlock::task]
fn unused_by_hand() {}

mod inner {
    #[airlock::task]
    pub(super) fn in_parent(flag: bool) {
        drop(flag.to_string());
    }

    #[airlock::task]
    pub(in crate::tasks) fn in_path(small: u8) {
        drop(small.to_string());
    }
}

/// Enqueues one of each.
///
/// # Errors
///
/// Outside a scope.
pub fn all() -> Result<(), airlock::EnqueueError> {
    #[airlock::task]
    fn in_body(n: u64) {
        drop(n.to_string());
    }

    nothing::enqueue()?;
    mail::intent(1, "t0p".to_owned()).queue("bulk").enqueue()?;
    pack::enqueue(Order { lines: vec![1] })?;
    send::enqueue(2)?;
    call::enqueue(Box::new(|| ()))?;
    renamed::enqueue(3, 4)?;
    in_crate::enqueue(5)?;
    inner::in_parent::enqueue(true)?;
    inner::in_path::enqueue(6)?;
    in_body::enqueue(7)
}
