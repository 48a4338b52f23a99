//! The model, checked in every order of its steps.

mod checked;
mod traces;

use std::env;
use std::time::Instant;

use airlock_protocol::{Bounds, Protocol, Rule, Rules};
use stateright::{Checker, HasDiscoveries, Model};

use crate::checked::{BEGUN, Checked, FOUND, HELD, KNOWN, PATIENT, SETTLED};

/// A lease of two ticks.
const RULES: Rules = Rules { attempts: 2, lost: 2, received_from_the_lost: false, without: None };

/// There are too many states for three messages that are tried twice.
const ONE_ATTEMPT: Rules = Rules { attempts: 1, ..RULES };

/// No fault but slowness, and a task that fails.
const SLOW: Bounds =
    Bounds { messages: 3, crashes: 0, outages: 0, lost_answers: 0, jumps: 0, failures: 1 };

/// One message, and most of what can go wrong.
const ONE: Bounds =
    Bounds { messages: 1, crashes: 1, outages: 1, lost_answers: 1, jumps: 1, failures: 2 };

fn holds(bounds: Bounds, rules: Rules) {
    let begun = Instant::now();
    let checked = Checked(Protocol { bounds, rules }).checker().threads(2).spawn_bfs().join();
    let (states, attempts, took) = (checked.unique_state_count(), rules.attempts, begun.elapsed());
    println!("{bounds:?}, {attempts} attempts: {states} states in {took:.0?}");
    checked.assert_properties();
}

fn fails(without: Rule, property: &'static str) {
    let rules = Rules { without: Some(without), ..RULES };
    let model = Checked(Protocol { bounds: ONE, rules });
    let found = HasDiscoveries::AnyOf([property].into());
    let checked = model.checker().threads(2).finish_when(found).spawn_bfs().join();
    let path = checked.assert_any_discovery(property);
    println!("without {without:?}: {:?}", path.into_actions());
}

#[test]
fn it_holds_for_one_message_under_all_faults() {
    holds(ONE, RULES);
}

#[test]
fn it_holds_for_two_messages_that_are_tried_twice() {
    holds(Bounds { messages: 2, ..SLOW }, RULES);
}

#[test]
fn it_holds_for_three_messages() {
    holds(SLOW, ONE_ATTEMPT);
}

#[test]
fn it_holds_for_three_messages_and_an_outage() {
    holds(Bounds { outages: 1, failures: 0, ..SLOW }, ONE_ATTEMPT);
}

#[test]
fn it_holds_for_three_messages_and_a_lost_answer() {
    holds(Bounds { lost_answers: 1, failures: 0, ..SLOW }, ONE_ATTEMPT);
}

#[test]
fn it_holds_for_three_messages_and_a_step_of_the_clock() {
    holds(Bounds { jumps: 1, failures: 0, ..SLOW }, ONE_ATTEMPT);
}

#[test]
fn it_holds_for_three_messages_and_a_crash() {
    holds(Bounds { crashes: 1, failures: 0, ..SLOW }, ONE_ATTEMPT);
}

/// For more time and memory: `AIRLOCK_MODEL=messages,crashes,outages,lost answers,jumps,failures,attempts`.
#[test]
#[ignore = "as much as is asked for"]
fn it_holds_for_what_is_asked() {
    let asked = env::var("AIRLOCK_MODEL").expect("AIRLOCK_MODEL says how much");
    let asked: Vec<u8> = asked.split(',').map(|one| one.parse().expect("a number")).collect();
    let [messages, crashes, outages, lost_answers, jumps, failures, attempts] = asked[..] else {
        panic!("AIRLOCK_MODEL has seven numbers, not {}", asked.len())
    };
    let messages = usize::from(messages);
    let bounds = Bounds { messages, crashes, outages, lost_answers, jumps, failures };
    holds(bounds, Rules { attempts, ..RULES });
}

#[test]
fn without_the_fence_a_slow_worker_begins_what_another_holds() {
    fails(Rule::Fence, HELD);
}

#[test]
fn without_asking_who_holds_it_a_late_settlement_counts() {
    fails(Rule::SettleHeld, SETTLED);
}

#[test]
fn without_a_renewal_the_first_after_an_outage_takes_over_from_the_living() {
    fails(Rule::RenewAfterOutage, PATIENT);
}

#[test]
fn without_reporting_what_was_interrupted_first_a_message_is_begun_again_and_again() {
    fails(Rule::ReportFirst, BEGUN);
}

#[test]
fn where_a_lost_worker_is_forgotten_too_soon_nobody_finds_what_it_held() {
    fails(Rule::TakeOverAll, FOUND);
}

#[test]
fn where_nothing_is_put_back_a_lost_answers_message_stays_with_who_does_not_know_it() {
    fails(Rule::PutBack, KNOWN);
}
