//! Policies in attributes: built-in, the user's own, and the user's own that are named almost like built-in ones.

use airlock::{Intent, Policy, Verdict};

#[airlock::task]
fn send(order_id: u64) {
    let _ = order_id;
}

struct DropMail;
struct Limits(u64);

impl Policy for DropMail {}
impl Policy for Limits {}

fn limit() -> Limits {
    Limits(3)
}

mod mine {
    pub(super) struct DropAll;

    impl airlock::Policy for DropAll {}
}

#[airlock::scoped(policy = (DropMail, limit(), Limits(4), mine::DropAll, Limit::per_flush(1)))]
fn own() -> Result<(), airlock::FlushError> {
    Ok(())
}

#[airlock::policy([AllowAll, AllowAll])]
fn array() {}

#[airlock::policy((BlockTasks(send).refuse(), |_: &Intent| Verdict::Allow, Some(airlock::Coalesce), Box::new(airlock::DropAll) as Box<dyn Policy>))]
fn combined() -> bool {
    send::enqueue(42).is_err()
}

#[airlock::policy(airlock::BlockTasks::new(airlock::tasks![send]))]
fn spelt_out() {}

#[test]
fn each_is_a_policy() {
    own().expect("nothing to flush");
    array();
    spelt_out();
    assert_eq!(Limits(3).0, limit().0);
    let _ = airlock::scope().run(|| assert!(combined(), "refused"));
}
