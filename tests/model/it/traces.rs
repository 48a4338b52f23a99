//! What is replayed is held against the model.

use airlock_protocol::Rules;
use airlock_protocol::replay::{Entry, Precision, Refused, Row, Seen, replay};

const RULES: Rules = Rules { attempts: 3, lost: 3_000, received_from_the_lost: false, without: None };

const EXACT: Precision = Precision { lost: 0, age: 0 };

/// The first worker is paused at 1,100 for four seconds. The other one takes over what it had, and runs it.
const PAUSED: &str = "\
0 4 0 heartbeat
10 12 0 receive 0 1
10 12 0 receive 1 1
20 20 0 run 0
70 72 0 ask 0 true
1000 1004 0 heartbeat
1200 1204 1 heartbeat
2200 2204 1 heartbeat
3200 3204 1 heartbeat
4200 4204 1 heartbeat
4206 4208 1 receive 0 2
4206 4208 1 receive 1 1
4209 4211 1 ask 0 true
4209 4211 1 ask 1 true
4212 4212 1 run 0
4213 4213 1 run 1
4250 4253 1 settle 0 true true
4260 4263 1 settle 1 true true
5100 5102 0 settle 0 true false
5103 5105 0 heartbeat
5106 5108 0 ask 1 false";

fn entries(lines: &str) -> Vec<Entry> {
    lines.lines().map(|line| line.parse().expect("an entry")).collect()
}

fn replayed(lines: &str) -> Result<(), Box<Refused>> {
    replay(&entries(lines), RULES, EXACT)
}

fn refused(lines: &str) -> String {
    replayed(lines).expect_err("the model does not do that").entry.to_string()
}

#[test]
fn a_pause_is_replayed() {
    replayed(PAUSED).expect("the model does that");
}

#[test]
fn an_entry_is_written_as_it_is_read() {
    let written: Vec<_> = entries(PAUSED).iter().map(Entry::to_string).collect();
    assert_eq!(written.join("\n"), PAUSED);
}

#[test]
fn what_the_server_held_is_compared() {
    let held = |age| Row::Held { by: Some(0), age };
    let with = |rows| {
        let mut entries = entries(PAUSED);
        entries.push(Entry { from: 2_000, to: 2_000, seen: Seen::Look { rows } });
        replay(&entries, RULES, EXACT)
    };
    with([held(996), held(996), Row::Queued]).expect("what it held");
    with([held(500), held(500), Row::Queued]).expect_err("another lease");
    with([held(996), held(996), Row::Gone]).expect_err("another message");
    with([held(996), Row::Held { by: Some(1), age: 996 }, Row::Queued]).expect_err("another worker");
}

#[test]
fn a_corrupted_trace_is_refused_at_the_entry_that_can_not_be() {
    // Taken over too soon.
    let hasty = PAUSED.replace("4206 4208 1 receive 0 2", "3206 3208 1 receive 0 2");
    assert_eq!(refused(&hasty), "3206 3208 1 receive 0 2");
    // Settled by who no longer holds it.
    let settled = PAUSED.replace("0 settle 0 true false", "0 settle 0 true true");
    assert_eq!(refused(&settled), "5100 5102 0 settle 0 true true");
    // Begun by who no longer holds it, without a question.
    let begun = PAUSED.replace("5106 5108 0 ask 1 false", "5106 5106 0 run 1");
    assert_eq!(refused(&begun), "5106 5106 0 run 1");
    // An attempt that does not count.
    let uncounted = PAUSED.replace("receive 0 2", "receive 0 1");
    assert_eq!(refused(&uncounted), "4206 4208 1 receive 0 1");
    // Begun twice.
    assert_eq!(refused(&format!("{PAUSED}\n5200 5200 0 run 0")), "5200 5200 0 run 0");
    // What was interrupted begins before the engine knows.
    let unreported = PAUSED.replace("4209 4211 1 ask 0 true\n", "");
    assert_eq!(refused(&unreported), "4212 4212 1 run 0");
}
