//! What holds for Celery over either broker.

use std::time::{Duration, Instant};

use airlock_live::{Engine, Server};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::fixture::{Fixture, flush};
use super::python_tasks::{fails, mail_confirmation, send_from_celery, warehouse_notify};
use crate::place::{PATIENCE, Place};
use crate::python::Worker as Python;

pub(crate) trait Celery: Engine {
    /// The same handle, which sends positional arguments.
    fn positional(self) -> Self;
}

/// The arguments as Celery shows them in logs.
pub(crate) fn shown(event: &Value) -> Value {
    serde_json::from_str(event["kwargsrepr"].as_str().expect("a text")).expect("JSON")
}

pub(crate) async fn python_runs_what_rust_enqueued<C: Celery>() {
    let place = Place::shared::<C>();
    let python = Python::celery(&place.url).await;
    let celery = C::on_queue(&place.url, python.queue()).await.expect("opened");
    let mail = mail_confirmation::intent(1, "s3cret".into());
    let has_priorities = !C::REFUSES.contains(&"priority");
    let intents = [
        if has_priorities { mail.priority(100) } else { mail },
        warehouse_notify::intent(2).expires(PATIENCE),
        warehouse_notify::intent(3).delay(Duration::from_secs(2)),
        warehouse_notify::intent(4).expires(Duration::ZERO),
        fails::intent("on purpose".into()),
    ];
    let begun = Instant::now();
    flush(&celery, intents).await.expect("flushed");
    let positional = [mail_confirmation::intent(5, "s3cret".into())];
    flush(&celery.positional(), positional).await.expect("flushed");

    // Three attempts of what fails, and what has expired never runs.
    let received = python.received(7).await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "one is delayed");
    let of =
        |name: &str| -> Vec<_> { received.iter().filter(|event| event["name"] == name).collect() };
    let mut mails = of("mail.confirmation");
    mails.sort_by_key(|mail| mail["args"].to_string().len());
    let mail = mails[0];
    assert_eq!(mail["kwargs"], json!({"order_id": 1, "note": "s3cret"}));
    assert_eq!(shown(mail), json!({"order_id": 1, "note": "[secret]"}));
    assert_eq!((&mail["args"], &mail["retries"]), (&json!([]), &json!(0)));
    assert_eq!(mail["id"], mail["root_id"]);
    assert!(mail["origin"].as_str().is_some_and(|origin| origin.contains("celery.rs:")), "{mail}");
    if has_priorities {
        assert_eq!(mail["priority"], 6);
    }
    assert_eq!(mails[1]["args"], json!([5, "s3cret"]));
    let orders = of("warehouse.notify");
    let numbers: Vec<_> = orders.iter().map(|event| &event["kwargs"]["order_id"]).collect();
    assert_eq!(numbers, [2, 3]);
    assert!(C::SERVER != Server::RabbitMq || orders[1]["eta"].is_string(), "{orders:#?}");
    assert_eq!(of("fails")[2]["retries"], 2);
    assert!(!python.output().contains("s3cret"), "{}", python.output());
}

pub(crate) async fn rust_runs_what_python_sent<C: Celery>() {
    let fixture = Fixture::<C>::new().await;
    let (broker, queue) = (&*fixture.place.url, fixture.queue());
    let expiring = match C::SERVER {
        // Python says of the message itself that it expires, which is not to be so of a dead letter.
        Server::RabbitMq => "expires=3, serializer='pickle'",
        _ => "expires=-1",
    };
    let script = format!(
        "app.send_task('engines.note', kwargs={{'number': 1}})\n\
         app.send_task('engines.note', args=[2])\n\
         app.send_task('engines.fail', args=[3], kwargs={{'times': 0}}, priority=9)\n\
         app.send_task('engines.note', args=[4], countdown=1)\n\
         app.send_task('engines.note', args=[5], {expiring})\n\
         app.send_task('engines.note', args=[6], serializer='pickle')\n\
         app.send_task('engines.note', args=[7], compression='gzip')\n\
         app.send_task('engines.fail', args=[8, 9, 10])\n\
         app.send_task('engines.notde', args=[8])\n\
         app.send_task('engines.note', args=[9], link=app.signature('engines.note'))\n"
    );
    send_from_celery(broker, queue, &script);
    let old = "app.conf.task_protocol = 1\napp.send_task('engines.note', args=[10])";
    send_from_celery(broker, queue, old);
    let all = async || fixture.runs.count() >= 4 && fixture.letters().await.len() == 7;
    let served = fixture.serve(all).await;
    assert_eq!((served.done, served.dead), (4, 7));
    assert_eq!(fixture.runs.sorted(), [1, 2, 3, 4]);

    if C::SERVER == Server::RabbitMq {
        sleep(Duration::from_secs(3)).await;
    }
    let letters = fixture.letters().await;
    assert_eq!(letters.len(), 7);
    let said = |text: &str| {
        let found = letters.iter().any(|letter| letter.reason.contains(text));
        assert!(found, "{text}: {letters:#?}");
    };
    if C::SERVER != Server::RabbitMq {
        said("it expired");
    }
    said("application/x-python-serialize");
    said("it is compressed");
    said("3 positional arguments");
    said("did you mean `engines.note`?");
    said("it has callbacks");
    said("protocol 1");
}

pub(crate) async fn pythons_hard_time_limit_is_honoured<C: Celery>() {
    let fixture = Fixture::<C>::new().await;
    let script = "app.send_task(\
        'engines.long', args=[1, 3600000], time_limit=1, soft_time_limit=1)\n";
    send_from_celery(&fixture.place.url, fixture.queue(), script);
    fixture.serve(async || !fixture.letters().await.is_empty()).await;
    assert_eq!(fixture.letter().await.reason, "it took longer than 1s (attempt 3 of 3)");
}
