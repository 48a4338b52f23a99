//! Bodies of sync functions: whatever is no future needs no annotation, and a future that is returned on purpose is
//! wrapped.

use airlock::testing::{assert_no_effects, capture};
use airlock::{DropAll, Handle, policy, scope};

#[airlock::task]
fn send_mail(_order_id: u64) {}

fn checkout() -> Result<(), airlock::EnqueueError> {
    send_mail::enqueue(42)
}

/// A caller's own helper, which knows nothing of what its body returns.
fn helper<T>(body: impl FnOnce() -> T) -> T {
    capture(|| policy(DropAll).run(body)).0
}

fn in_scope_of<T>(handle: &Handle, body: impl FnOnce() -> T) -> T {
    handle.run(body)
}

#[test]
fn the_value_is_inferred() {
    let (parsed, _) = capture(|| "5".parse().expect("a number"));
    let parsed: u16 = parsed;
    let boxed: Box<dyn Fn() -> u16> = assert_no_effects(|| Box::new(move || parsed));
    assert_eq!(helper(&*boxed), 5);
    capture(checkout).0.expect("enqueued");
    let body: Box<dyn FnOnce() -> u16> = Box::new(|| 7);
    assert_eq!(policy(DropAll).run(body), 7);
    let (seven, sealed) = scope().seal(|| in_scope_of(&airlock::current().expect("inside"), || 7));
    sealed.discard();
    assert_eq!(airlock::configure().run(|| seven), 7);
}

#[test]
#[should_panic(expected = "on purpose")]
fn a_body_may_end_in_a_panic() {
    let ((), _) = capture(|| panic!("on purpose"));
}

#[test]
fn a_future_that_is_returned_on_purpose_is_wrapped() {
    let (future, effects) = capture(|| Some(async { send_mail::enqueue(42) }));
    drop(future);
    assert!(effects.is_empty());
}
