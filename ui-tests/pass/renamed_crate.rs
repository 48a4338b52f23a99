//! airlock under another name: re-exported here, and as a dependency of the crate `shop`.

use effects::airlock::{Task, assert_effects, testing::capture};

mod effects {
    pub(crate) use ::airlock;
}

#[effects::airlock::task(crate = crate::renamed_crate::effects::airlock, queue = "emails")]
fn send(order_id: u64) {
    let _ = order_id;
}

#[effects::airlock::task(crate = effects::airlock, local)]
async fn track(#[state] smtp: &u8, order_id: u64) {
    let _ = (smtp, order_id);
}

#[effects::airlock::scoped(crate = effects::airlock, policy = (BlockTasks(send), Coalesce), on_failure = Continue)]
fn scoped() -> Result<(), Box<dyn std::error::Error>> {
    Ok(send::enqueue(42)?)
}

#[effects::airlock::policy(AllowOnly(track), crate = effects::airlock)]
fn policy() {}

#[test]
fn it_is_found_there() {
    assert_eq!(send::NAME, "pass::renamed_crate::send");
    scoped().expect("it is blocked");
    policy();
    assert_eq!(effects::airlock::tasks![send, "track"].iter().len(), 2);
}

#[test]
fn so_it_is_by_another_crate() {
    assert_eq!(shop::mails().iter().len(), 2);
    shop::sell(42).expect("its task succeeds");
    let (rehearsed, effects) = capture(|| {
        shop::notify_warehouse::enqueue(42)?;
        shop::rehearse(42)
    });
    rehearsed.expect("in a scope");
    assert_effects!(effects, [shop::notify_warehouse(42), shop::mail::send_receipt(42)]);
}
