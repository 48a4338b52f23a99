//! Inline, a task gets its arguments as they are: by `Clone`, or themselves.

use airlock::{Inline, tasks};
use serde::{Deserialize, Serialize};

use crate::support::Ran;

/// It has no `Clone`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    price: f64,
    ratio: Option<f64>,
    #[serde(skip)]
    cached: u32,
}

#[airlock::task]
fn bill(#[state] ran: &Ran, order: Order) -> Result<(), String> {
    ran.push(format!("{} {:?} {}", order.price, order.ratio, order.cached));
    if order.price < 0.0 { Err("refused".into()) } else { Ok(()) }
}

fn flush(ran: &Ran, order: Order) -> Result<(), airlock::FlushError> {
    let inline = Inline::builder().state(ran.clone()).serving(tasks![bill]).build();
    let scope = airlock::scope().executor(inline.expect("it has its state"));
    scope.run(|| bill::enqueue(order)).map(|enqueued| enqueued.expect("enqueued"))
}

#[test]
fn arguments_without_clone_run_as_they_are() {
    let ran = Ran::new();
    let orders = [(125.656_379_569_113_57, None, 0), (1.0, Some(f64::NAN), 0), (1.0, None, 7)];
    for (price, ratio, cached) in orders {
        flush(&ran, Order { price, ratio, cached }).expect("it runs");
    }
    assert_eq!(ran.list(), ["125.65637956911357 None 0", "1 Some(NaN) 0", "1 None 7"]);
}

#[test]
fn arguments_that_json_keeps_are_handed_back_and_others_are_spent() {
    let ran = Ran::new();
    for (cached, is_kept) in [(0, true), (7, false)] {
        let error = flush(&ran, Order { price: -1.0, ratio: None, cached }).expect_err("refused");
        let (report, failed, _) = error.into_parts();
        assert_eq!(report.failed(), 1);
        let again = failed.into_iter().next().and_then(|failed| failed.intent);
        assert_eq!(again.is_some(), is_kept);
        assert_eq!(again.and_then(|intent| intent.to_json().ok()).is_some(), is_kept);
    }
}
