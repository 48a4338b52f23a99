//! The cases with airlock.

use std::hint::black_box;

use airlock::{AllowAll, EnqueueError, FlushError, Scope};

use crate::cases::INTENTS;
use crate::cases::many;
use crate::cases::polls::{Yields, poll_to_end};
use crate::cases::tasks::{
    address, confirm, count, notify_warehouse, order, send_mail, ship, text,
};

/// Nothing fails in a benchmark, and what would is not measured.
const SOUND: &str = "every intent is accepted and every task succeeds";

fn enqueue_u64s(intents: u64) -> Result<(), EnqueueError> {
    for order_id in 0..intents {
        notify_warehouse::enqueue(black_box(order_id))?;
    }
    Ok(())
}

fn u64s_in(scope: Scope, intents: u64) {
    ended(scope.run(|| enqueue_u64s(intents)));
}

fn ended(result: Result<Result<(), EnqueueError>, FlushError>) {
    result.expect(SOUND).expect(SOUND);
}

/// A scope without settings, in which nothing is enqueued.
#[inline(never)]
pub(crate) fn empty(_: u64) {
    airlock::scope().run(|| count(black_box(1))).expect(SOUND);
}

/// `intents` intents with one number each, no policy.
#[inline(never)]
pub(crate) fn u64s(intents: u64) {
    u64s_in(airlock::scope(), intents);
}

/// The same, judged by one policy.
#[inline(never)]
pub(crate) fn judged(intents: u64) {
    u64s_in(airlock::scope().policy(AllowAll), intents);
}

/// `intents` intents with a string each, judged by one policy.
#[inline(never)]
pub(crate) fn strings(intents: u64) {
    ended(airlock::scope().policy(AllowAll).run(|| {
        for _ in 0..intents {
            send_mail::enqueue(address())?;
        }
        Ok(())
    }));
}

/// `intents` intents with a struct each, judged by one policy.
#[inline(never)]
pub(crate) fn structs(intents: u64) {
    ended(airlock::scope().policy(AllowAll).run(|| {
        for number in 0..intents {
            ship::enqueue(order(black_box(number)))?;
        }
        Ok(())
    }));
}

/// `intents` intents in the innermost of three scopes, each with a policy.
#[inline(never)]
pub(crate) fn three_scopes(intents: u64) {
    ended(airlock::scope().policy(AllowAll).run(|| {
        ended(airlock::scope().policy(AllowAll).run(|| {
            u64s_in(airlock::scope().policy(AllowAll), intents);
            Ok(())
        }));
        Ok(())
    }));
}

/// A scope inside a scope, `depth` times; one intent is enqueued in each and captured outwards.
#[inline(never)]
pub(crate) fn nested(depth: u64) {
    #[inline(never)]
    fn level(depth: u64) -> Result<(), EnqueueError> {
        notify_warehouse::enqueue(black_box(depth))?;
        if depth > 1 {
            airlock::scope().run(|| level(depth - 1)).expect(SOUND)?;
        }
        Ok(())
    }
    ended(airlock::scope().run(|| level(depth)));
}

/// What a service does: `intents` intents with two strings each in a transaction's scope inside a request's, each
/// scope with a name and a policy.
#[inline(never)]
pub(crate) fn requests(intents: u64) {
    let enqueue_all = || (0..intents).try_for_each(|_| confirm::enqueue(address(), text()));
    ended(airlock::scope().named("request").policy(AllowAll).run(|| {
        let transaction = airlock::scope().named("transaction").policy(AllowAll);
        transaction.run(enqueue_all).expect(SOUND)
    }));
}

/// A thousand intents under so many policies, of one scope.
#[inline(never)]
pub(crate) fn policies(policies: u64) {
    let with_one_more = |scope: Scope, _| scope.policy(AllowAll);
    u64s_in((0..policies).fold(airlock::scope(), with_one_more), INTENTS);
}

/// A thousand intents under so many policies, each around the next.
#[inline(never)]
pub(crate) fn local_policies(policies: u64) {
    fn under(policies: u64, intents: u64) -> Result<(), EnqueueError> {
        if policies == 0 {
            return enqueue_u64s(intents);
        }
        airlock::policy(AllowAll).run(|| under(policies - 1, intents))
    }
    ended(airlock::scope().run(|| under(policies, INTENTS)));
}

/// One intent under so many policies, each around the next.
#[inline(never)]
pub(crate) fn nested_policies(policies: u64) {
    #[inline(never)]
    fn under(policies: u64) -> Result<(), EnqueueError> {
        if policies == 0 {
            return notify_warehouse::enqueue(black_box(1));
        }
        airlock::policy(AllowAll).run(|| under(policies - 1))
    }
    ended(airlock::scope().run(|| under(policies)));
}

/// A thousand intents under a block list of so many tasks, none of which is theirs.
#[inline(never)]
pub(crate) fn block_list(tasks: u64) {
    let scope = airlock::scope().policy(many::blocked(tasks).clone());
    ended(scope.run(|| many::enqueue_unlisted(INTENTS)));
}

/// `intents` intents, and what became of each.
#[inline(never)]
pub(crate) fn reported(intents: u64) {
    let reported = |report: &airlock::Report| count(report.dispatched() as u64);
    u64s_in(airlock::scope().policy(AllowAll).on_report(reported), intents);
}

/// A scope around a future that is polled `polls` times and enqueues nothing.
#[inline(never)]
pub(crate) fn polls(polls: u64) {
    poll_to_end(airlock::scope().run_async(Yields::after(black_box(polls)))).expect(SOUND);
}

/// The same where the scope holds an intent all the while, under a policy.
#[inline(never)]
pub(crate) fn held_polls(polls: u64) {
    let scope = airlock::scope().policy(AllowAll);
    let held = async move {
        notify_warehouse::enqueue(black_box(1))?;
        Yields::after(black_box(polls)).await;
        Ok(())
    };
    ended(poll_to_end(scope.run_async(held)));
}

/// A scope around a future that enqueues `intents` intents, judged by one policy.
#[inline(never)]
pub(crate) fn judged_async(intents: u64) {
    let scope = airlock::scope().policy(AllowAll);
    ended(poll_to_end(scope.run_async(async move { enqueue_u64s(intents) })));
}
