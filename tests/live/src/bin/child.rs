//! A process of its own, to be killed or kept from writing.
//!
//!   child serve ENGINE URL QUEUE RECORD CONCURRENCY PREFETCH   until its input ends
//!   child trace ENGINE URL QUEUE RECORD TRACE WORKER           the same, one task at a time, and notes what it asks
//!                                                              and is answered, as the worker of this index
//!   child enqueue ENGINE URL QUEUE COUNT SIZE                  flushes of that size; prints what
//!                                                              became of each
//!   child send ENGINE URL QUEUE RECORD FIRST                   orders from FIRST on, three at a time, until its
//!                                                              input ends; notes what left

use std::env;
use std::error::Error;
use std::io::{Read, stdin};
use std::process::exit;
use std::time::Duration;

use airlock::{Fate, Intent, apalis, celery, graphile};
use airlock_live::{Engine, Record, Sender, Trace, Traced, any, ship, worker};
use tokio::time::sleep;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Where it fails it exits at once: the runtime would wait for the thread that waits for the end of the input.
#[tokio::main]
async fn main() {
    if let Err(error) = run().await {
        eprintln!("{error}");
        exit(1);
    }
}

async fn run() -> Outcome {
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
        ["trace", _, url, queue, record, trace, index] => {
            let trace = Trace::at(trace, index.parse()?);
            let record = Record::at(record).traced(trace.clone());
            let worker = worker(record).concurrency(1).prefetch(16).build()?;
            let engine = Traced::new(E::on_queue(url, queue).await?, trace);
            println!("{}", worker.run(engine, input_ends()).await?);
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
        ["send", _, url, queue, record, first] => {
            send::<E>(url, queue, &Record::at(record), first.parse()?).await
        }
        _ => Err("see the first lines of this program".into()),
    }
}

async fn send<E: Engine>(url: &str, queue: &str, record: &Record, first: u64) -> Outcome {
    let engine = E::on_queue(url, queue).await?;
    let end = tokio::spawn(input_ends());
    let mut orders = first..first + 3;
    while !end.is_finished() {
        orders.clone().for_each(|order| record.append("sending", order));
        let scope = airlock::scope().executor(engine.clone());
        let (enqueued, sealed) =
            scope.seal(|| orders.clone().map(any::<E>).try_for_each(Intent::enqueue));
        enqueued?;
        let flushed = sealed.flush_async().await;
        let report = flushed.as_ref().unwrap_or_else(|error| error.report());
        for entry in report.entries() {
            if let (Fate::Dispatched, Some(order)) =
                (entry.fate(), entry.arguments()["order_id"].as_u64())
            {
                record.append("sent", order);
            }
        }
        orders = orders.end..orders.end + 3;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// So that no worker outlives the test that started it.
async fn input_ends() {
    let read = tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new()));
    drop(read.await);
}
