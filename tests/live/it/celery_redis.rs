//! Celery over Redis: what Python runs, what it sends, and what becomes of messages in between.

use std::time::{Duration, Instant, SystemTime};

use airlock::celery::Redis;
use airlock::worker::DeadLetters;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::celery_rabbitmq::{
    PATIENCE, Serving, failing, fails, flush, long, mail_confirmation, noted, numbers, ran,
    send_from_python, shown, take_and_die, until, until_ran, verbose, warehouse_notify,
};
use crate::proxy::Proxy;
use crate::python::Worker as Python;
use crate::servers::{self, Own};
use crate::unique;

async fn connected() -> Redis {
    Redis::connect(&servers::redis_url()).await.expect("connected")
}

async fn client() -> MultiplexedConnection {
    let client = redis::Client::open(servers::redis_url()).expect("a URL");
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    client.get_multiplexed_async_connection_with_config(&patient).await.expect("connected")
}

async fn count(list: &str) -> usize {
    client().await.llen(list).await.expect("answered")
}

/// The messages of a list, in the order in which they are taken.
async fn all(list: &str) -> Vec<Value> {
    let messages: Vec<String> = client().await.lrange(list, 0, -1).await.expect("answered");
    messages.iter().rev().map(|message| serde_json::from_str(message).expect("JSON")).collect()
}

/// The number that a message was sent with, which Celery shows in `kwargsrepr`.
fn number_in(message: &Value) -> u64 {
    shown(&message["headers"])["number"].as_u64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn ten_thousand_and_more_arrive_once_each_and_in_order() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let begun = Instant::now();
    let report = flush(celery.clone(), numbers("-", 0..10_000)).await.expect("all left");
    println!("{} intents in {:.0?}", report.dispatched(), begun.elapsed());
    // More than leave in one step.
    let report = flush(celery, numbers("-", 10_000..25_000)).await.expect("all left");
    assert_eq!(report.dispatched(), 15_000);
    let arrived = all(&queue).await;
    println!("{} arrived", arrived.len());
    assert!(arrived.iter().map(number_in).eq(0..25_000));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn python_runs_what_rust_enqueued() {
    let python = Python::celery(&servers::redis_url()).await;
    let celery = connected().await.queue(python.queue());
    let intents = [
        mail_confirmation::intent(1, "s3cret".into()).priority(100),
        warehouse_notify::intent(2).expires(PATIENCE),
        warehouse_notify::intent(3).delay(Duration::from_secs(2)),
        warehouse_notify::intent(4).expires(Duration::ZERO),
        fails::intent("on purpose".into()),
    ];
    let begun = Instant::now();
    flush(celery.clone(), intents).await.expect("all left");
    flush(celery.positional(), [mail_confirmation::intent(5, "s3cret".into())])
        .await
        .expect("left");

    // Three attempts of what fails, and what has expired never runs.
    let received = python.received(7).await;
    assert!(begun.elapsed() >= Duration::from_secs(2) && begun.elapsed() < Duration::from_secs(10));
    let is = |event: &&Value, name: &str| event["name"] == name;
    let of = |name: &str| received.iter().filter(|event| is(event, name)).collect::<Vec<_>>();
    let mut mails = of("mail.confirmation");
    mails.sort_by_key(|mail| mail["args"].to_string().len());
    assert_eq!(mails[0]["kwargs"], json!({"order_id": 1, "note": "s3cret"}));
    assert_eq!(shown(mails[0]), json!({"order_id": 1, "note": "[secret]"}));
    assert_eq!(mails[0]["priority"], 6);
    assert_eq!(mails[1]["args"], json!([5, "s3cret"]));
    let orders: Vec<_> =
        of("warehouse.notify").iter().map(|event| &event["kwargs"]["order_id"]).collect();
    assert_eq!(orders, [2, 3]);
    assert_eq!(of("fails")[2]["retries"], 2);
    assert!(!python.output().contains("s3cret"), "{}", python.output());
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn priorities_are_celerys_lists() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let intents = [0, 64, 128, 192, 255]
        .map(|priority| noted::intent("-".into(), u64::from(priority)).priority(priority));
    flush(celery.clone(), intents).await.expect("all left");
    for (list, expected) in [
        (queue.clone(), vec![192, 255]),
        (format!("{queue}\x06\x163"), vec![128]),
        (format!("{queue}\x06\x166"), vec![64]),
        (format!("{queue}\x06\x169"), vec![0]),
    ] {
        let numbers: Vec<_> = all(&list).await.iter().map(number_in).collect();
        assert_eq!(numbers, expected, "{list:?}");
    }
    let test = unique::name("priority");
    let intents = [1, 70, 140, 255]
        .map(|priority| noted::intent(test.clone(), u64::from(priority)).priority(priority));
    let celery = celery.queue(unique::name("celery"));
    flush(celery.clone(), intents).await.expect("all left");
    let serving = Serving::with(celery, 1, PATIENCE);
    until_ran(&test, 4).await;
    serving.stop().await;
    assert!(ran(&test).iter().map(|(number, _)| *number).eq([255, 140, 70, 1]));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_be_honoured_is_refused_by_name() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let error = flush(celery, [warehouse_notify::intent(1).max_attempts(2)]).await;
    let error = error.expect_err("refused").to_string();
    let said = "`airlock::celery::Redis` can't honour the option `max_attempts`";
    assert!(error.contains(said), "{error}");
    assert_eq!(count(&queue).await, 0);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_taken_at_flush_and_free_again_when_the_job_is_done() {
    let (queue, test) = (unique::name("celery"), unique::name("unique"));
    let celery = connected().await.queue(&queue);
    let one = |number| noted::intent(test.clone(), number).unique_key(test.clone());
    // Within one batch the second is left out, and the ones around it are not.
    let around = |number| noted::intent(test.clone(), number);
    let report = flush(celery.clone(), [around(0), one(1), one(2), around(3)]).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (3, 1));
    let report = flush(celery.clone(), [one(4)]).await.expect("no error");
    assert_eq!((report.dispatched(), report.duplicates()), (0, 1));
    let serving = Serving::start(celery.clone());
    until_ran(&test, 3).await;
    assert_eq!(serving.stop().await.done, 3);

    let report = flush(celery.clone(), [one(5)]).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 0));
    let kept: i64 = client().await.pttl(unique_key(&queue, &test)).await.expect("answered");
    assert!(kept > 3_590_000 && kept <= 3_600_000, "{kept}");

    // Ten thousand duplicates are one message.
    let test = unique::name("unique");
    let same = (0..10_000).map(|number| noted::intent("-".into(), number).unique_key(test.clone()));
    let report = flush(celery.unique_for(Duration::from_millis(300)), same).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 9_999));
    sleep(Duration::from_millis(400)).await;
    let free: bool = client().await.exists(unique_key(&queue, &test)).await.expect("answered");
    assert!(!free, "a key is not taken for ever");
}

/// Where the unique key of a message in a queue is.
fn unique_key(queue: &str, key: &str) -> String {
    format!("airlock:unique:{}:{queue}:{key}", queue.len())
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_unique_key_is_that_of_one_queue() {
    let (one, other) = (unique::name("celery"), unique::name("celery"));
    let (test, key) = (unique::name("unique"), unique::name("unique"));
    let celery = connected().await.queue(&one);
    let intent = |queue: &str, number| {
        noted::intent(test.clone(), number).queue(queue.to_owned()).unique_key(key.clone())
    };
    let both = [intent(&one, 1), intent(&other, 2), intent(&one, 3), intent(&other, 4)];
    let report = flush(celery.clone(), both).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (2, 2));
    let taken = async |queue: &str| -> bool {
        client().await.exists(unique_key(queue, &key)).await.expect("answered")
    };
    assert!(taken(&one).await && taken(&other).await);

    // What is done in one sets nothing free in the other.
    let serving = Serving::start(celery.clone());
    until_ran(&test, 1).await;
    assert_eq!(serving.stop().await.done, 1);
    assert!(!taken(&one).await && taken(&other).await);
    let report = flush(celery, [intent(&one, 5), intent(&other, 6)]).await.expect("left");
    assert_eq!((report.dispatched(), report.duplicates()), (1, 1));
}

/// A script of Redis is not undone when it fails in the middle.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_does_not_fit_its_key_is_handed_back_alone() {
    let (queue, wrong) = (unique::name("celery"), unique::name("wrong"));
    let () = client().await.set(&wrong, "no list").await.expect("set");
    let celery = connected().await.queue(&queue);
    let mut intents = numbers("-", 0..100);
    intents[50] = noted::intent("-".into(), 50).queue(wrong.clone()).unique_key(wrong.clone());
    let error = flush(celery, intents).await.expect_err("one is wrong");
    println!("{error}");
    assert!(error.to_string().contains("WRONGTYPE"));
    assert_eq!((error.report().dispatched(), error.report().failed()), (99, 1));
    assert_eq!(count(&queue).await, 99);
    let taken: bool = client().await.exists(unique_key(&wrong, &wrong)).await.expect("answered");
    assert!(!taken, "what did not leave holds no key");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_connection_that_is_lost_is_made_anew() {
    let queue = unique::name("celery");
    let proxy = Proxy::to(&servers::redis_url());
    let celery = Redis::connect(proxy.url()).await.expect("connected").queue(&queue);
    flush(celery.clone(), numbers("-", 0..10)).await.expect("all left");

    proxy.cut();
    let error = flush(celery.clone(), numbers("-", 10..20)).await.expect_err("nobody answers");
    println!("{error}");
    assert_eq!(error.report().dispatched(), 0);
    proxy.restore();
    flush(celery.clone(), error.into_intents()).await.expect("all left");
    // One that was cut and restored a while before a flush goes unnoticed.
    proxy.cut();
    sleep(Duration::from_millis(1_100)).await;
    proxy.restore();
    flush(celery.clone(), numbers("-", 20..30)).await.expect("all left");
    assert!(all(&queue).await.iter().map(number_in).eq(0..30));

    // Nothing of what arrived by half is in the list, and what was not answered is handed back.
    proxy.cut_after_sent(100_000);
    let error = flush(celery.clone(), numbers("-", 30..1_030)).await.expect_err("it was cut");
    assert_eq!((error.report().dispatched(), error.into_intents().len()), (0, 1_000));
    assert_eq!(count(&queue).await, 30);
    proxy.restore();
    flush(celery.clone(), numbers("-", 30..31)).await.expect("left");
    proxy.cut_after_answered(0);
    let error = flush(celery, numbers("-", 30..40)).await.expect_err("no answer");
    println!("{error}");
    assert!(error.to_string().contains("may have arrived"), "{error}");
    assert_eq!(error.into_intents().len(), 10);
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_closed_port_is_said_without_the_password() {
    let error = Redis::connect("redis://somebody:pa55@127.0.0.1:9/3").await.expect_err("closed");
    let said = error.to_string();
    assert!(said.contains("can't connect to Redis at 127.0.0.1:9 (database 3): "), "{said}");
    assert!(!said.contains("pa55"), "{said}");
    let error = Redis::connect("http://127.0.0.1").await.expect_err("no server");
    assert!(error.to_string().contains("redis://user:password@host"), "{error}");
}

/// A flush outside of any runtime, from a thread of its own, uses the connection's.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn sync_code_flushes_from_any_thread() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let flushing = std::thread::spawn(move || {
        airlock::scope().executor(celery).run(|| warehouse_notify::enqueue(1)).map(Result::unwrap)
    });
    tokio::task::block_in_place(|| flushing.join()).expect("no panic").expect("left");
    assert_eq!(count(&queue).await, 1);
}

// ---- workers

/// Nobody puts a letter back for it to expire at once.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_has_expired_runs_when_it_is_put_back() {
    let (queue, test) = (unique::name("celery"), unique::name("expired"));
    let celery = connected().await.queue(&queue);
    flush(celery.clone(), [noted::intent(test.clone(), 7).expires(Duration::ZERO)])
        .await
        .expect("left");
    let serving = Serving::start(celery.clone());
    until("it is dead", async || !celery.list(1).await.expect("listed").is_empty()).await;
    let letter = celery.list(1).await.expect("listed").pop().expect("a letter");
    assert!(letter.reason.contains("it expired"), "{letter:?}");
    assert!(celery.retry(&letter.id).await.expect("retried"));
    until_ran(&test, 1).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.dead), (1, 1));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn rust_runs_what_python_sent() {
    let (queue, test) = (unique::name("celery"), unique::name("python"));
    let celery = connected().await.queue(&queue);
    let serving = Serving::start(celery.clone());
    let script = format!(
        "app.send_task('celery.noted', kwargs={{'test': '{test}', 'number': 1}})\n\
         app.send_task('celery.noted', args=['{test}', 2])\n\
         app.send_task('celery.noted', args=['{test}'], kwargs={{'number': 3}}, priority=9)\n\
         app.send_task('celery.noted', args=['{test}', 4], countdown=1)\n\
         app.send_task('celery.noted', args=['{test}', 5], expires=-1)\n\
         app.send_task('celery.noted', args=['{test}', 6], serializer='pickle')\n\
         app.send_task('celery.noted', args=['{test}', 7], compression='gzip')\n\
         app.send_task('celery.noted', args=['{test}', 8, 9])\n\
         app.send_task('celery.notde', args=['{test}', 8])\n\
         app.send_task('celery.noted', args=['{test}', 9], link=app.signature('celery.noted'))\n"
    );
    send_from_python(&servers::redis_url(), &queue, &script);
    let old = "app.conf.task_protocol = 1\napp.send_task('celery.noted', args=['-', 10])";
    send_from_python(&servers::redis_url(), &queue, old);
    until_ran(&test, 4).await;
    until("there are seven dead letters", async || {
        celery.list(100).await.expect("listed").len() == 7
    })
    .await;
    let served = serving.stop().await;
    let mut numbers: Vec<_> = ran(&test).into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!((served.done, served.dead), (4, 7));

    let letters = celery.list(100).await.expect("listed");
    let said = |text: &str| {
        let found = letters.iter().any(|letter| letter.reason.contains(text));
        assert!(found, "{text}: {letters:#?}");
    };
    said("it expired");
    said("application/x-python-serialize");
    said("it is compressed");
    said("3 positional arguments");
    said("did you mean `celery.noted`?");
    said("it has callbacks");
    said("protocol 1");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn pythons_hard_time_limit_is_honoured() {
    let (queue, test) = (unique::name("celery"), unique::name("limit"));
    let celery = connected().await.queue(&queue);
    let serving = Serving::start(celery.clone());
    let script = format!(
        "app.send_task('celery.long', args=['{test}', 3600000], time_limit=1, soft_time_limit=1)\n"
    );
    send_from_python(&servers::redis_url(), &queue, &script);
    until("it is dead", async || count_dead(&celery).await == 1).await;
    serving.stop().await;
    let letter = celery.list(1).await.expect("listed").pop().expect("a letter");
    assert_eq!(letter.reason, "it took longer than 1s (attempt 3 of 3)");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_fails_is_tried_again_and_then_kept() {
    let (queue, test, dead) =
        (unique::name("celery"), unique::name("retry"), unique::name("retry"));
    let celery = connected().await.queue(&queue);
    let kept = |key: &str| failing::intent(dead.clone(), 99).unique_key(key.to_owned());
    flush(celery.clone(), [failing::intent(test.clone(), 2), kept(&dead)]).await.expect("all left");
    let serving = Serving::start(celery.clone());
    until_ran(&test, 3).await;
    until_ran(&dead, 3).await;
    until("it is dead", async || !celery.list(10).await.expect("listed").is_empty()).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried, served.dead), (1, 4, 1));
    let waits: Vec<_> = ran(&test).windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    println!("waits: {waits:?}");
    let about = |wait: Duration, millis: u64| {
        // The server counts in whole milliseconds.
        let (least, most) = (millis - 2, millis + 900);
        wait >= Duration::from_millis(least) && wait < Duration::from_millis(most)
    };
    assert!(about(waits[0], 200) && about(waits[1], 400), "{waits:?}");

    let letters = celery.list(10).await.expect("listed");
    let [letter] = &letters[..] else { panic!("one letter: {letters:#?}") };
    assert_eq!(letter.reason, "failure 3 (attempt 3 of 3)");
    assert_eq!((letter.attempts, letter.queue.as_str()), (3, queue.as_str()));
    assert_eq!(letter.task.as_deref(), Some("celery.failing"));
    assert!(letter.since.elapsed().expect("in the past") < PATIENCE);
    let message: Value = serde_json::from_slice(&letter.body).expect("JSON");
    assert_eq!(message["headers"]["airlock-reason"], "failure 2");
    let taken: bool = client().await.exists(unique_key(&queue, &dead)).await.expect("answered");
    assert!(!taken, "a dead letter holds no unique key");

    // As new: three more attempts, and another letter.
    assert!(celery.retry(&letter.id).await.expect("retried"));
    assert!(!celery.retry(&letter.id).await.expect("gone"));
    let serving = Serving::start(celery.clone());
    until_ran(&dead, 6).await;
    until("it is dead", async || !celery.list(10).await.expect("listed").is_empty()).await;
    serving.stop().await;
    assert_eq!(celery.find(&letter.id).await.expect("answered"), None);
    let letter = &celery.list(10).await.expect("listed")[0];
    let found = celery.find(&letter.id).await.expect("answered").expect("it is listed");
    assert_eq!(found.attempts, 3);
    assert!(celery.remove(&letter.id).await.expect("removed"));
    assert!(!celery.remove(&letter.id).await.expect("gone"));
    assert_eq!(celery.find(&letter.id).await.expect("answered"), None);
    assert!(celery.list(10).await.expect("listed").is_empty());
}

/// Celery lets the sender choose the id, and some send the same one again.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn dead_letters_of_one_id_are_two() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let message = |number: u64| {
        let headers = json!({"lang": "py", "task": "nobody.knows", "id": "the-same"});
        json!({
            "body": format!("[[{number}], {{}}, {{}}]"),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": headers,
            "properties": {},
        })
    };
    for number in [1, 2] {
        let () = client().await.lpush(&queue, message(number).to_string()).await.expect("pushed");
    }
    let serving = Serving::start(celery.clone());
    until("both are dead", async || count_dead(&celery).await == 2).await;
    assert_eq!(serving.stop().await.dead, 2);
    let letters = celery.list(10).await.expect("listed");
    assert_ne!(letters[0].id, letters[1].id);
    assert!(celery.remove(&letters[0].id).await.expect("removed"));
    assert_eq!(celery.list(10).await.expect("listed"), letters[1..]);
}

async fn count_dead(celery: &Redis) -> usize {
    celery.list(10).await.expect("listed").len()
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_cannot_be_read_is_kept_as_it_came() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let bytes = [0xff, 0x00, b'{'];
    for junk in [&b"junk"[..], &bytes, b"{}", b"[]", b"{\"headers\": 7, \"body\": 1}"] {
        let () = client().await.lpush(&queue, junk).await.expect("pushed");
    }
    let serving = Serving::with(celery.clone(), 1, PATIENCE);
    until("all are dead", async || celery.list(10).await.expect("listed").len() == 5).await;
    assert_eq!(serving.stop().await.dead, 5);
    let letters = celery.list(10).await.expect("listed");
    assert_eq!(letters[0].body, b"junk");
    let letter = letters.iter().find(|letter| letter.body == bytes).expect("byte for byte");
    assert_eq!((letter.task.as_deref(), letter.attempts), (None, 1));
    assert!(letter.reason.contains("no header `task`"), "{}", letter.reason);
    assert_eq!(celery.list(2).await.expect("listed").len(), 2);
    assert!(celery.retry(&letter.id).await.expect("retried"));
    let back: Vec<Vec<u8>> = client().await.lrange(&queue, 0, -1).await.expect("answered");
    assert_eq!(back, [bytes]);
    let both = celery.clone().queues([unique::name("none"), queue.clone()]);
    assert_eq!(both.list(10).await.expect("listed").len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_starts_when_it_is_due_whatever_waits_beside_it() {
    let (queue, test) = (unique::name("celery"), unique::name("due"));
    let celery = connected().await.queue(&queue);
    let serving = Serving::start(celery.clone());
    let begun = Instant::now();
    let intents = [
        noted::intent(test.clone(), 3_600).delay(Duration::from_hours(1)),
        noted::intent(test.clone(), 2).delay(Duration::from_secs(2)),
        noted::intent(test.clone(), 1).at(SystemTime::now() + Duration::from_secs(1)),
        noted::intent(test.clone(), 0),
    ];
    flush(celery, intents).await.expect("all left");
    until_ran(&test, 3).await;
    for (expected, (number, at)) in [0, 1, 2].into_iter().zip(ran(&test)) {
        let after = at - begun;
        println!("due after {number} s: started after {after:.2?}");
        assert_eq!(number, expected);
        assert!(after >= Duration::from_millis(number * 1_000 - number), "{after:?}");
        assert!(after < Duration::from_secs(number + 1), "{after:?}");
    }
    let served = serving.stop().await;
    assert_eq!((served.done, served.retried), (3, 0));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn an_idle_worker_starts_at_once_whichever_queue_it_is() {
    let (one, two, test) = (unique::name("celery"), unique::name("celery"), unique::name("idle"));
    let celery = connected().await.queue(&one).queues([&one, &two]).poll(Duration::from_secs(5));
    let serving = Serving::start(celery.clone());
    for (number, queue) in [one, two.clone(), two].into_iter().enumerate() {
        sleep(Duration::from_millis(400)).await;
        let begun = Instant::now();
        let intent = noted::intent(test.clone(), number as u64).queue(queue);
        flush(celery.clone(), [intent]).await.expect("left");
        until_ran(&test, number + 1).await;
        let after = ran(&test)[number].1 - begun;
        println!("started after {after:.1?}");
        assert!(after < Duration::from_millis(150), "{after:?}");
    }
    serving.stop().await;
}

/// A connection waits for an answer for half a minute, and a worker for messages however long it is told to.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_looks_seldom_listens_all_the_while() {
    let proxy = Proxy::to(&servers::redis_url());
    let (queue, cut) = (unique::name("celery"), unique::name("celery"));
    let direct = connected().await;
    let test = unique::name("seldom");
    let seldom =
        Redis::connect(proxy.url()).await.expect("connected").poll(Duration::from_hours(1));
    let quiet = Serving::start(connected().await.queue(&queue).poll(Duration::from_hours(1)));
    let after_a_cut = Serving::start(seldom.queue(&cut));
    let starts_at_once = async |queue: &str, number: u64| {
        let begun = Instant::now();
        let intent = noted::intent(test.clone(), number);
        flush(direct.clone().queue(queue), [intent]).await.expect("left");
        until(&format!("{number} ran"), async || ran(&test).iter().any(|ran| ran.0 == number))
            .await;
        assert!(begun.elapsed() < Duration::from_secs(2), "{number}: {:?}", begun.elapsed());
    };
    sleep(Duration::from_secs(1)).await;
    proxy.cut();
    sleep(Duration::from_millis(100)).await;
    proxy.restore();
    sleep(Duration::from_secs(1)).await;
    starts_at_once(&cut, 1).await;
    sleep(Duration::from_secs(30)).await;
    starts_at_once(&queue, 2).await;
    quiet.stop().await;
    after_a_cut.stop().await;
}

/// What is too long is not read at all: to do so would take its size in memory several times.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_message_that_is_too_long_is_a_dead_letter_as_it_came() {
    let queue = unique::name("celery");
    let celery = connected().await.queue(&queue);
    let headers = json!({"lang": "py", "task": "celery.noted", "id": "long"});
    let message = json!({
        "body": "[[\"-\", 1], {}, {}]",
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": {"padding": "x".repeat(33 << 20)},
    });
    let () = client().await.lpush(&queue, message.to_string()).await.expect("pushed");
    let serving = Serving::start(celery.clone());
    until("it is dead", async || count_dead(&celery).await == 1).await;
    assert_eq!(serving.stop().await.dead, 1);
    let letter = celery.list(1).await.expect("listed").pop().expect("a letter");
    assert!(
        letter.reason.contains("bytes long with its headers, and at most"),
        "{}",
        letter.reason
    );
    assert_eq!((letter.task.as_deref(), letter.body.len()), (None, message.to_string().len()));
    assert!(celery.remove(&letter.id).await.expect("removed"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn two_workers_share_a_queue_and_run_nothing_twice() {
    let (queue, test) = (unique::name("celery"), unique::name("share"));
    let celery = connected().await.queue(&queue);
    flush(celery.clone(), numbers(&test, 0..5_000)).await.expect("all left");
    let begun = Instant::now();
    let (one, two) = (Serving::start(celery.clone()), Serving::start(celery.clone()));
    until_ran(&test, 5_000).await;
    println!("5,000 ran in {:.1?}", begun.elapsed());
    let (one, two) = (one.stop().await, two.stop().await);
    println!("{} + {}", one.done, two.done);
    assert_eq!(one.done + two.done, 5_000);
    assert!(one.done > 0 && two.done > 0);
    let mut numbers: Vec<_> = ran(&test).into_iter().map(|(number, _)| number).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..5_000));
    let left: usize = client()
        .await
        .exists(&[format!("{queue}.held"), format!("{queue}.leases")])
        .await
        .expect("answered");
    assert_eq!(left, 0, "nothing is held any more");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_dead_workers_messages_are_taken_over_and_a_living_ones_are_not() {
    let (queue, test) = (unique::name("celery"), unique::name("died"));
    let celery = connected().await.queue(&queue).lost_after(Duration::from_secs(1));
    flush(celery.clone(), [long::intent(test.clone(), 3_000)]).await.expect("left");
    let living = Serving::with(celery.clone(), 1, PATIENCE);
    until_ran(&test, 1).await;

    let second = unique::name("died");
    let elsewhere = celery.clone().queue(unique::name("celery"));
    flush(elsewhere.clone(), numbers(&second, 0..100)).await.expect("all left");
    assert_eq!(take_and_die(elsewhere.clone(), 100).await, 100);
    let begun = Instant::now();
    let serving = Serving::with(elsewhere, 1, PATIENCE);
    let other = Serving::with(celery, 1, PATIENCE);
    until_ran(&second, 100).await;
    println!("taken over after {:.1?}", begun.elapsed());
    assert!(
        begun.elapsed() > Duration::from_millis(500) && begun.elapsed() < Duration::from_secs(3)
    );
    assert_eq!(serving.stop().await.done, 100);
    assert!(ran(&second).into_iter().map(|(number, _)| number).eq(0..100));

    sleep(Duration::from_secs(2)).await;
    assert_eq!((living.stop().await.done, other.stop().await.done), (1, 0));
    assert_eq!(ran(&test).len(), 1, "it took three times the lease, and its worker lived");
}

/// The server has handed messages out, and nobody has got them.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn what_a_lost_answer_brought_is_delivered_again() {
    let (queue, test) = (unique::name("celery"), unique::name("lost"));
    let direct = connected().await.queue(&queue);
    let proxy = Proxy::to(&servers::redis_url());
    let lease = Duration::from_secs(1);
    let source =
        Redis::connect(proxy.url()).await.expect("connected").queue(&queue).lost_after(lease);
    let serving = Serving::start(source.poll(Duration::from_secs(2)));
    sleep(Duration::from_millis(500)).await;
    proxy.cut_after_answered(0);
    flush(direct, numbers(&test, 0..10)).await.expect("all left");
    sleep(Duration::from_millis(500)).await;
    proxy.restore();
    until_ran(&test, 10).await;
    serving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_worker_that_stops_gives_back_what_it_holds() {
    let (queue, test) = (unique::name("celery"), unique::name("back"));
    let celery = connected().await.queue(&queue);
    flush(celery.clone(), [long::intent(test.clone(), 3_600_000)]).await.expect("left");
    flush(celery.clone(), numbers(&test, 0..3)).await.expect("all left");
    let before = all(&queue).await;
    let serving = Serving::with(celery.clone(), 1, Duration::from_millis(100));
    until_ran(&test, 1).await;
    let served = serving.stop().await;
    assert_eq!((served.done, served.returned), (0, 4));
    // Untouched, and none counts as tried; those that never began are in their places.
    let after = all(&queue).await;
    assert_eq!(after.len(), 4);
    assert!(before.iter().all(|message| after.contains(message)));
    let rest: Vec<_> =
        after.iter().filter(|message| message["headers"]["task"] == "celery.noted").collect();
    assert!(rest.into_iter().map(number_in).eq(0..3));
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_long_reason_is_kept() {
    let celery = connected().await.queue(unique::name("celery"));
    flush(celery.clone(), [verbose::intent()]).await.expect("left");
    let serving = Serving::start(celery.clone());
    until("it is dead", async || !celery.list(1).await.expect("listed").is_empty()).await;
    serving.stop().await;
    assert!(celery.list(1).await.expect("listed")[0].reason.starts_with("ää"));
}

/// A server that has no memory left takes nothing of a batch.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs servers: run tests/live.sh"]
async fn a_full_server_takes_nothing() {
    let server = Own::redis();
    let celery = Redis::connect(&server.url()).await.expect("connected");
    let client = redis::Client::open(server.url()).expect("a URL");
    let mut client = client.get_multiplexed_async_connection().await.expect("connected");
    let full = async |client: &mut MultiplexedConnection, bytes: &str| {
        let mut command = redis::cmd("CONFIG");
        command.arg("SET").arg("maxmemory").arg(bytes);
        let () = command.query_async(client).await.expect("set");
    };
    full(&mut client, "1").await;
    let mut intents = numbers("-", 0..100);
    intents[7] = noted::intent("-".into(), 7).unique_key("seven");
    let error = flush(celery.clone(), intents).await.expect_err("it is full");
    println!("{error}");
    assert_eq!((error.report().dispatched(), error.report().failed()), (0, 100));
    full(&mut client, "0").await;
    let keys: usize = redis::cmd("DBSIZE").query_async(&mut client).await.expect("answered");
    assert_eq!(keys, 0);
    flush(celery, error.into_intents()).await.expect("all left");
    let left: usize = client.llen("celery").await.expect("answered");
    assert_eq!(left, 100);
}
