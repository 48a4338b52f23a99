//! A process of its own, to be killed or kept from writing.
//!
//!   child serve ENGINE URL QUEUE RECORD CONCURRENCY PREFETCH   until its input ends
//!   child enqueue ENGINE URL QUEUE COUNT SIZE                  flushes of that size; prints what
//!                                                              became of each

use std::env;
use std::error::Error;
use std::io::{Read, stdin};

use airlock::{Intent, apalis, celery, graphile};
use airlock_live::{Engine, Record, Sender, ship, worker};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let engine = *arguments.get(1).ok_or("which engine?")?;
    match engine {
        apalis::Sqlite::NAME => act::<apalis::Sqlite>(&arguments).await,
        apalis::Postgres::NAME => act::<apalis::Postgres>(&arguments).await,
        apalis::Redis::NAME => act::<apalis::Redis>(&arguments).await,
        graphile::Graphile::NAME => act::<graphile::Graphile>(&arguments).await,
        celery::RabbitMq::NAME => act::<celery::RabbitMq>(&arguments).await,
        celery::Redis::NAME => act::<celery::Redis>(&arguments).await,
        _ => Err(format!("there is no engine {engine}").into()),
    }
}

async fn act<E: Engine>(arguments: &[&str]) -> Outcome {
    match arguments {
        ["serve", _, url, queue, record, concurrency, prefetch] => {
            let worker = worker(Record::at(record))
                .concurrency(concurrency.parse()?)
                .prefetch(prefetch.parse()?)
                .build()?;
            let served = worker.run(E::on_queue(url, queue).await?, input_ends()).await?;
            println!("{served}");
            Ok(())
        }
        ["enqueue", _, url, queue, count, size] => {
            let engine = E::on_queue(url, queue).await?;
            let orders: Vec<u64> = (1..=count.parse()?).collect();
            for orders in orders.chunks(size.parse()?) {
                let scope = airlock::scope().executor(engine.clone());
                let enqueue = || {
                    orders.iter().map(|order| ship::intent(*order)).try_for_each(Intent::enqueue)
                };
                let (enqueued, sealed) = scope.seal(enqueue);
                enqueued?;
                match sealed.flush_async().await {
                    Ok(report) => println!("{} 0", report.dispatched()),
                    Err(error) => {
                        let (said, dispatched) = (error.to_string(), error.report().dispatched());
                        println!("{dispatched} {} {said}", error.into_intents().len());
                    }
                }
            }
            Ok(())
        }
        _ => Err("see the first lines of this program".into()),
    }
}

/// So that no worker outlives the test that started it.
async fn input_ends() {
    let read = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()));
    drop(read.await);
}
