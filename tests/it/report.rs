//! Reports: sums, order, the table and the JSON.

use airlock::{Report, block_tasks};
use serde_json::json;

use crate::support::{Reports, assert_adds_up, quiet};

#[airlock::task(name = "report.mail")]
fn mail(order_id: u64, to: String, #[secret] token: String) -> Result<(), &'static str> {
    if order_id == 2 {
        Err("mailbox\nfull")
    } else {
        drop((to, token));
        Ok(())
    }
}

#[airlock::task(name = "report.notify")]
fn notify() {}

fn mixed() -> Report {
    let error = airlock::scope()
        .named("checkout")
        .policy(block_tasks![notify])
        .run(|| {
            mail::enqueue(1, "ann".into(), "t0p".into())?;
            notify::enqueue()?;
            mail::enqueue(2, "bob".into(), "t0p".into())?;
            mail::enqueue(3, "cy".into(), "t0p".into())
        })
        .expect_err("bob's fails");
    error.report().clone()
}

#[test]
fn the_table_is_aligned_and_says_it_all() {
    let report = mixed();
    let line = |index: usize| report.entries()[index].origin().line();
    assert_eq!(
        report.to_string(),
        format!(
            "scope checkout: 1 dispatched, 1 dropped, 1 failed, 1 not attempted\n  \
             #  task           arguments                                enqueued at      what became of it\n  \
             1  report.mail    order_id: 1, to: \"ann\", token: [secret]  it/report.rs:{}  dispatched\n  \
             2  report.notify                                           it/report.rs:{}  dropped by BlockTasks\n  \
             3  report.mail    order_id: 2, to: \"bob\", token: [secret]  it/report.rs:{}  failed: mailbox\\nfull\n  \
             4  report.mail    order_id: 3, to: \"cy\", token: [secret]   it/report.rs:{}  not attempted",
            line(0),
            line(1),
            line(2),
            line(3),
        )
    );
}

#[test]
fn the_json_holds_nothing_that_moves() {
    let arguments = |n, to| json!({ "order_id": n, "to": to, "token": "[secret]" });
    assert_eq!(
        mixed().to_json(),
        json!({
            "scope": "checkout",
            "entries": [
                { "task": "report.mail", "arguments": arguments(1, "ann"), "fate": "dispatched" },
                { "task": "report.notify", "arguments": {}, "fate": "dropped by BlockTasks" },
                { "task": "report.mail", "arguments": arguments(2, "bob"), "fate": "failed: mailbox\\nfull" },
                { "task": "report.mail", "arguments": arguments(3, "cy"), "fate": "not attempted" },
            ],
        })
    );
    assert_eq!(format!("{:?}", mixed()), format!("{:?}", mixed()));
}

#[test]
fn an_empty_report_says_so() {
    assert_eq!(Report::default().to_string(), "scope: nothing enqueued");
    assert_eq!(Report::default().to_json(), json!({ "scope": null, "entries": [] }));
}

#[test]
fn the_entries_are_in_the_order_of_enqueue_whatever_became_of_them() {
    let (_, sealed) = airlock::scope().policy(airlock::Limit::per_flush(2)).seal(|| {
        for n in 0..6 {
            if n % 2 == 0 {
                airlock::policy(airlock::DropAll).run(|| quiet::enqueue(n))?;
            } else {
                quiet::enqueue(n)?;
            }
        }
        Ok::<_, airlock::EnqueueError>(())
    });
    let report = sealed.flush().expect("flushed");
    assert_adds_up(&report, 6);
    let order: Vec<_> =
        report.entries().iter().filter_map(|e| e.arguments()["n"].as_u64()).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5]);
    assert_eq!((report.dispatched(), report.dropped()), (2, 4));
}

#[test]
fn a_scope_reports_once_however_it_ends() {
    type End = fn(airlock::Scope);
    let ends: [(End, &str); 6] = [
        (|scope| scope.run(|| quiet::enqueue(1)).map(drop).expect("flushed"), "dispatched"),
        (
            |scope| {
                let failed = scope.run(|| {
                    quiet::enqueue(1).and(quiet::enqueue(2)).map_or(Err(()), |()| Err::<(), _>(()))
                });
                assert!(failed.expect("nothing to flush").is_err());
            },
            "discarded: error",
        ),
        (|scope| drop(scope.seal(|| quiet::enqueue(1)).1.flush().expect("flushed")), "dispatched"),
        (|scope| drop(scope.seal(|| quiet::enqueue(1)).1.discard()), "discarded: on request"),
        (|scope| drop(scope.seal(|| quiet::enqueue(1)).1), "discarded: undecided"),
        (
            |scope| {
                let outer =
                    airlock::scope().run(|| scope.run(|| quiet::enqueue(1)).expect("captured"));
                outer.expect("flushed").expect("enqueued");
            },
            "captured by the enclosing scope",
        ),
    ];
    for (end, fate) in ends {
        let reports = Reports::new();
        end(airlock::scope().on_report(reports.keep()));
        let report = reports.only();
        assert_eq!(report.entries()[0].fate().to_string(), fate);
    }
}

#[test]
fn long_arguments_are_cut_in_tables_and_whole_in_entries() {
    let long = "x".repeat(500);
    let (_, sealed) = airlock::scope().seal(|| mail::enqueue(1, long.clone(), String::new()));
    let table = sealed.to_string();
    assert!(table.lines().all(|line| line.chars().count() < 200), "{table}");
    assert!(table.contains('…'));
    let report = sealed.discard();
    assert_eq!(report.entries()[0].arguments()["to"], long);
}
