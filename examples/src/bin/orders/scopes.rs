//! Five scopes around the same code: five decisions about its effects.

use airlock::{AssertNoEffects, block_tasks};

use crate::domain::{Order, send_confirmation_email};
use crate::failure::Failure;
use crate::seen::Seen;
use crate::store::Store;

/// An API call: the effects leave, once every order is processed and saved.
pub(crate) fn api(orders: &mut Store, seen: &Seen) -> Result<(), Failure> {
    airlock::scope()
        .named("api")
        .on_report(seen.reports())
        .run(|| orders.change_each(Order::process))?
}

/// A migration: the orders are processed and saved, and nobody outside hears of it.
#[airlock::scoped(policy = DropAll, named = "migration", on_report = seen.reports())]
pub(crate) fn migration(orders: &mut Store, seen: &Seen) -> Result<(), Failure> {
    orders.change_each(Order::process)
}

/// A check that processing has no effects: it has, so the first is refused and nothing is saved.
pub(crate) fn check(orders: &mut Store, seen: &Seen) -> Result<(), Failure> {
    airlock::scope()
        .named("check")
        .policy(AssertNoEffects)
        .on_report(seen.reports())
        .run(|| orders.change_each(Order::process))?
}

/// A look at what would happen; then nothing does.
pub(crate) fn inspection(orders: &mut Store, seen: &Seen) -> Result<(), Failure> {
    let (processed, sealed) =
        airlock::scope().named("inspection").seal(|| orders.rehearse_each(Order::process));
    seen.inspection(sealed.inspect());
    sealed.discard();
    processed
}

/// An admin processes orders again: the warehouse hears of it, the customers don't.
///
/// Misspell the task in the list: it does not compile, and rustc knows what you meant.
pub(crate) fn admin(orders: &mut Store, seen: &Seen) -> Result<(), Failure> {
    airlock::scope()
        .named("admin")
        .policy(block_tasks![send_confirmation_email])
        .on_report(seen.reports())
        .run(|| orders.change_each(Order::process))?
}
