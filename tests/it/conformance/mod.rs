//! Random programs of scopes, policies and enqueues leave the traces that were recorded with
//! airlock-py, whose model this is; where the two differ on purpose, which `docs/airlock-py.md`
//! tells, the traces follow this one.
//!
//! `AIRLOCK_SCENARIOS` names another file of programs to run instead.

mod asynchronous;
mod program;
mod sync;
mod world;

use program::Scenario;
use serde_json::Value;
use world::Trace;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/scenarios.jsonl");

fn scenarios() -> Vec<Scenario> {
    let path = std::env::var("AIRLOCK_SCENARIOS").unwrap_or_else(|_| SHIPPED.into());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let scenarios: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{path}: {error}")))
        .collect();
    assert!(!scenarios.is_empty(), "{path} holds no programs");
    scenarios
}

/// The first event in which two traces differ.
fn difference(expected: &[Value], actual: &[Value]) -> Option<String> {
    let length = expected.len().max(actual.len());
    (0..length).find(|&event| expected.get(event) != actual.get(event)).map(|event| {
        let shown = |trace: &[Value]| trace.get(event).map_or("nothing".into(), Value::to_string);
        format!("event {event}: expected {}, got {}", shown(expected), shown(actual))
    })
}

fn assert_conform(run: impl Fn(&Scenario) -> Vec<Value>) {
    let scenarios = scenarios();
    let differences: Vec<_> = scenarios
        .iter()
        .filter_map(|scenario| {
            let difference = difference(&scenario.trace, &run(scenario))?;
            Some(format!("{}: {difference}", scenario.id))
        })
        .collect();
    let (wrong, all) = (differences.len(), scenarios.len());
    assert!(wrong == 0, "{wrong} of {all} programs differ:\n{}", differences.join("\n"));
    println!("{all} programs conform");
}

#[test]
fn sync_scopes_conform() {
    assert_conform(sync::run);
}

#[test]
fn async_scopes_conform_many_at_once() {
    assert_conform_at_once(Trace::default);
}

/// The boundary goes along: a process that gets nothing but messages leaves the same traces.
#[test]
fn scopes_whose_flushes_are_messages_conform() {
    assert_conform_at_once(Trace::crossing);
}

fn assert_conform_at_once(trace: impl Fn() -> Trace) {
    let scenarios = scenarios();
    let traces = asynchronous::run_all(&scenarios, trace);
    assert_conform(|scenario| {
        traces.get(&scenario.id).cloned().unwrap_or_else(|| panic!("{} was not run", scenario.id))
    });
}

/// A comparison that can't fail would prove nothing: each event of a few traces, changed or left
/// out, is found.
#[test]
fn a_flipped_event_is_found() {
    for scenario in scenarios().iter().take(25) {
        let actual = sync::run(scenario);
        assert_eq!(difference(&scenario.trace, &actual), None);
        for event in 0..scenario.trace.len() {
            let mut flipped = scenario.trace.clone();
            flipped[event] = Value::from("flipped");
            assert!(difference(&flipped, &actual).is_some(), "{} event {event}", scenario.id);
            flipped.remove(event);
            assert!(difference(&flipped, &actual).is_some(), "{} event {event}", scenario.id);
        }
    }
}
