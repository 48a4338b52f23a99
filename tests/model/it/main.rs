//! The protocol between workers and an engine with leases, as a model, checked in every order of its steps.
//!
//! Workers receive, begin, settle and send heartbeats; the engine hands out messages and takes over what lost workers held.
//! Any worker may be as slow as it likes between two steps, which is what a pause is. Workers crash, the server is away,
//! answers are lost and the server's clock jumps, so often as [`Bounds`] allows.
//!
//! The engine's side is that of `airlock/src/engines/apalis/redis/lua`, the worker's that of `airlock/src/worker/run`. Each
//! rule that makes it hold can be left out, and then it does not: [`Rule`].

mod engine;
mod protocol;
mod state;
mod worker;

use stateright::{Checker, HasDiscoveries, Model};

use crate::protocol::{Bounds, Protocol, Rule};

/// One message, and most of what can go wrong.
const ONE: Bounds = Bounds { messages: 1, crashes: 1, outages: 1, lost_answers: 1, jumps: 1 };

/// Two, and workers that are slow: there are too many states for more.
const TWO: Bounds = Bounds { messages: 2, crashes: 0, outages: 0, lost_answers: 0, jumps: 0 };

fn holds(bounds: Bounds) {
    let checked = Protocol { bounds, without: None }.checker().threads(2).spawn_bfs().join();
    println!("{bounds:?}: {} states", checked.unique_state_count());
    checked.assert_properties();
}

fn fails(without: Rule, property: &'static str) {
    let protocol = Protocol { bounds: ONE, without: Some(without) };
    let found = HasDiscoveries::AnyOf([property].into());
    let checked = protocol.checker().threads(2).finish_when(found).spawn_bfs().join();
    let path = checked.assert_any_discovery(property);
    println!("without {without:?}: {:?}", path.into_actions());
}

#[test]
fn it_holds_for_one_message_under_all_faults() {
    holds(ONE);
}

#[test]
#[ignore = "27 million states: two minutes and 8 GB"]
fn it_holds_for_two_messages() {
    holds(TWO);
}

#[test]
fn without_the_fence_a_slow_worker_begins_what_another_holds() {
    fails(Rule::Fence, protocol::HELD);
}

#[test]
fn without_asking_who_holds_it_a_late_settlement_counts() {
    fails(Rule::SettleHeld, protocol::SETTLED);
}

#[test]
fn without_a_renewal_the_first_after_an_outage_takes_over_from_the_living() {
    fails(Rule::RenewAfterOutage, protocol::PATIENT);
}

#[test]
fn without_reporting_what_was_interrupted_first_a_message_is_begun_again_and_again() {
    fails(Rule::ReportFirst, protocol::BEGUN);
}
