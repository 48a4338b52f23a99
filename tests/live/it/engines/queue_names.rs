//! A queue's name is not empty, at handles that need a server to be made.

use std::panic::{AssertUnwindSafe, catch_unwind};

use airlock::worker::Source;
use airlock::{Executor, apalis, celery, dramatiq};

use crate::engines::fixture::{flush, note};
use crate::servers;

#[track_caller]
fn assert_refused<T>(named: impl FnOnce() -> T) {
    let panic = catch_unwind(AssertUnwindSafe(named)).err().expect("it is refused");
    let text = panic.downcast_ref::<&str>().expect("a text");
    assert!(text.starts_with("a queue's name can't be empty: write one"), "{text}");
}

#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn handles_refuse_an_empty_name() {
    let redis = apalis::Redis::connect(&servers::redis_url()).await.expect("connected");
    assert_refused(|| redis.clone().queue(""));
    assert_refused(|| redis.clone().queues(["one", ""]));
    let redis = celery::Redis::connect(&servers::redis_url()).await.expect("connected");
    assert_refused(|| redis.clone().queue(""));
    assert_refused(|| redis.clone().queues(["one", ""]));
    let redis = dramatiq::Redis::connect(&servers::redis_url()).await.expect("connected");
    assert_refused(|| redis.queue(""));
    let rabbitmq = celery::RabbitMq::connect(&servers::amqp_url()).await.expect("connected");
    assert_refused(|| rabbitmq.clone().queue(""));
    assert_refused(|| rabbitmq.clone().queues(["one", ""]));
    let rabbitmq = dramatiq::RabbitMq::connect(&servers::amqp_url()).await.expect("connected");
    assert_refused(|| rabbitmq.queue(""));
}

/// Where an engine keeps something of another queue, and where nobody reads.
#[tokio::test]
#[ignore = "needs servers: run tests/live.sh"]
async fn names_that_are_taken_or_read_by_nobody_are_refused_by_name() {
    async fn refused<E: Executor + Clone>(executor: E, queues: &[&str]) -> usize {
        for queue in queues {
            let one = [note::intent(1).queue((*queue).to_owned())];
            let error = flush(&executor, one).await.expect_err(queue);
            assert!(error.to_string().contains(&format!("`{queue}`")), "{error}");
        }
        queues.len()
    }
    let (redis, amqp) = (servers::redis_url(), servers::amqp_url());
    let celery_redis = celery::Redis::connect(&redis).await.expect("connected");
    let kept = [".held", ".leases", ".begun", ".deaths", ".delayed", ".dead", ".dead.since"];
    let kept = kept.map(|ending| format!("rust{ending}"));
    let mut names = refused(celery_redis.clone(), &kept.each_ref().map(String::as_str)).await;
    let celery_rabbitmq = celery::RabbitMq::connect(&amqp).await.expect("connected");
    names += refused(celery_rabbitmq.clone(), &["rust.dead", "rust.delay.2000"]).await;
    let nobodys = ["1st mails", "a:b", "mails.XQ", "mails.DQ", "mails.msgs"];
    names += refused(dramatiq::Redis::connect(&redis).await.expect("connected"), &nobodys).await;
    names += refused(dramatiq::RabbitMq::connect(&amqp).await.expect("connected"), &nobodys).await;
    println!("{names} names refused");

    let opened = celery_redis.queue("rust.held").open().await;
    assert!(opened.expect_err("refused").to_string().contains("`rust.held`"));
    let opened = celery_rabbitmq.queue("rust.dead").open().await;
    assert!(opened.expect_err("refused").to_string().contains("`rust.dead`"));
}
