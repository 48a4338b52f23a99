//! What the macros write, under every lint that clippy has: none fires that the function alone would not get.
#![deny(clippy::restriction)]
#![allow(
    clippy::absolute_paths,
    clippy::blanket_clippy_restriction_lints,
    clippy::needless_return,
    reason = "every lint is the test, and one is the opposite of another"
)]

/// Is called once by the macro alone, and is private.
#[airlock::task(local)]
fn local(then: Box<dyn FnOnce() + Send>) {
    then();
}

/// Is no task's name.
#[airlock::task]
#[inline]
pub fn nothing() {}

/// Has a type of its own after another function.
#[airlock::task(name = "restriction.send", queue = "emails", max_attempts = 3, removed = ["note"])]
#[inline]
pub async fn send(
    #[state] smtp: &Vec<u8>,
    order_id: u64,
    #[secret] token: String,
    #[default] copies: u8,
    #[default(3)] more: u16,
) {
    drop((smtp, order_id, token, copies, more));
    core::future::ready(()).await;
}

/// May fail.
///
/// # Errors
///
/// Where the flush fails.
#[airlock::scoped(policy = (DropAll, BlockTasks(nothing)), on_failure = Continue, named = "x")]
#[inline]
pub fn scoped() -> Result<u64, airlock::FlushError> {
    return Ok(7);
}

/// Has no value.
#[airlock::scoped]
#[inline]
pub fn unit() {}

/// Has one.
#[airlock::scoped(on_flush_error = |_: airlock::FlushError| return 0)]
#[inline]
#[must_use]
pub fn number() -> u64 {
    return 7;
}

/// Is async.
///
/// # Errors
///
/// Where the flush fails.
#[airlock::scoped]
#[inline]
pub async fn later() -> Result<u64, airlock::FlushError> {
    core::future::ready(()).await;
    return Ok(7);
}

/// Returns a future.
#[airlock::scoped]
#[inline]
pub fn opaque() -> impl Future<Output = ()> {
    return core::future::ready(());
}

/// Returns a boxed one.
#[airlock::scoped]
#[inline]
#[must_use]
pub fn boxed() -> core::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
    return Box::pin(core::future::ready(()));
}

/// Under a policy.
#[airlock::policy(DropAll)]
#[inline]
#[must_use]
pub fn policy() -> u64 {
    return 8;
}

/// Under one while it is awaited.
#[airlock::policy(DropAll)]
#[inline]
pub async fn policy_later() -> u64 {
    core::future::ready(()).await;
    return 8;
}

/// The lists.
#[inline]
#[must_use]
pub fn set() -> airlock::TaskSet {
    drop(airlock::block_tasks![nothing, send]);
    drop(airlock::allow_only![nothing]);
    return airlock::tasks![nothing, send];
}
