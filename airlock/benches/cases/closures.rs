//! The cases as one writes them without airlock: a thread-local list of boxed closures.
//!
//! It has no policies, no nesting, no report and no types: where a case asks for these, this side
//! does without, and the case shows what they cost.

use std::cell::RefCell;
use std::hint::black_box;

use crate::cases::INTENTS;
use crate::cases::polls::{Yields, poll_to_end};
use crate::cases::tasks::{
    address, confirm, count, notify_warehouse, order, send_mail, ship, text,
};

type Effect = Box<dyn FnOnce()>;

thread_local! {
    static EFFECTS: RefCell<Vec<Effect>> = const { RefCell::new(Vec::new()) };
}

fn enqueue(effect: impl FnOnce() + 'static) {
    EFFECTS.with_borrow_mut(|effects| effects.push(Box::new(effect)));
}

/// An effect may itself enqueue, so the list is taken out before any runs.
fn flush() {
    for effect in EFFECTS.take() {
        effect();
    }
}

/// A closure that is called, where airlock has an empty scope around it.
#[inline(never)]
pub(crate) fn empty(_: u64) {
    let body = || count(black_box(1));
    body();
}

/// `intents` effects with one number each.
#[inline(never)]
pub(crate) fn u64s(intents: u64) {
    for order_id in 0..intents {
        let order_id = black_box(order_id);
        enqueue(move || notify_warehouse(order_id));
    }
    flush();
}

/// The one effect that a case with another number is compared with.
#[inline(never)]
pub(crate) fn one(_: u64) {
    u64s(1);
}

/// The same with a thousand.
#[inline(never)]
pub(crate) fn thousand(_: u64) {
    u64s(INTENTS);
}

/// `intents` effects with a string each.
#[inline(never)]
pub(crate) fn strings(intents: u64) {
    for _ in 0..intents {
        let address = address();
        enqueue(move || send_mail(address));
    }
    flush();
}

/// `intents` effects with two strings each.
#[inline(never)]
pub(crate) fn two_strings(intents: u64) {
    for _ in 0..intents {
        let (address, text) = (address(), text());
        enqueue(move || confirm(address, text));
    }
    flush();
}

/// `intents` effects with a struct each.
#[inline(never)]
pub(crate) fn structs(intents: u64) {
    for number in 0..intents {
        let order = order(black_box(number));
        enqueue(move || ship(order));
    }
    flush();
}

/// Calls a closure inside a closure, `depth` times, and enqueues one effect at each level.
#[inline(never)]
pub(crate) fn nested(depth: u64) {
    #[inline(never)]
    fn level(depth: u64) {
        let order_id = black_box(depth);
        enqueue(move || notify_warehouse(order_id));
        if depth > 1 {
            level(depth - 1);
        }
    }
    level(depth);
    flush();
}

/// The inner future alone, polled `polls` times.
#[inline(never)]
pub(crate) fn polls(polls: u64) {
    poll_to_end(Yields::after(black_box(polls)));
}

/// The same inside a future.
#[inline(never)]
pub(crate) fn u64s_async(intents: u64) {
    poll_to_end(async move {
        for order_id in 0..intents {
            let order_id = black_box(order_id);
            enqueue(move || notify_warehouse(order_id));
        }
        flush();
    });
}
