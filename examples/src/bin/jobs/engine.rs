//! The engine asked for, and what is done with it.

use airlock::worker::{DeadLetters, Source};
use airlock::{BoxError, Executor, apalis, celery, graphile};

use crate::cli::{Cli, Command, Engine};
use crate::{both, dead, enqueue, serve};

/// What every engine's queue is.
pub(crate) trait Queue: Executor + Source + DeadLetters + Clone {}

impl<Q: Executor + Source + DeadLetters + Clone> Queue for Q {}

/// Opens the engine and does what was asked for.
pub(crate) async fn run(cli: &Cli) -> Result<(), BoxError> {
    let url = cli.url.clone().unwrap_or_else(|| usual_url(cli.engine));
    let name = cli.queue.as_str();
    match cli.engine {
        Engine::Sqlite => {
            let queue = apalis::Sqlite::connect(&url).await?;
            queue.setup().await?;
            done_with(queue.queue(name), cli, &url).await
        }
        Engine::Postgres => {
            let queue = apalis::Postgres::connect(&url).await?;
            queue.setup().await?;
            done_with(queue.queue(name), cli, &url).await
        }
        Engine::Redis => {
            done_with(apalis::Redis::connect(&url).await?.queue(name), cli, &url).await
        }
        Engine::Graphile => {
            let queue = graphile::Graphile::connect(&url).await?;
            queue.setup().await?;
            done_with(queue.queue(name), cli, &url).await
        }
        Engine::Celery if url.starts_with("redis") => {
            done_with(celery::Redis::connect(&url).await?.queue(name), cli, &url).await
        }
        Engine::Celery => {
            let queue = celery::RabbitMq::connect(&url).await?.declare_queues();
            done_with(queue.queue(name), cli, &url).await
        }
    }
}

fn usual_url(engine: Engine) -> String {
    match engine {
        Engine::Sqlite => {
            format!("sqlite://{}", std::env::temp_dir().join("airlock-jobs.db").display())
        }
        Engine::Postgres | Engine::Graphile => "postgres://postgres@127.0.0.1/postgres".into(),
        Engine::Redis => "redis://127.0.0.1/".into(),
        Engine::Celery => "amqp://127.0.0.1/%2f".into(),
    }
}

async fn done_with(queue: impl Queue, cli: &Cli, url: &str) -> Result<(), BoxError> {
    match &cli.command {
        None => both::run(queue, cli, url).await,
        Some(Command::Enqueue) => {
            let enqueued = enqueue::run(&queue, &cli.orders).await?;
            println!("{enqueued} jobs are in the queue `{}`", cli.queue);
            Ok(())
        }
        Some(Command::Worker) => serve::run(queue, cli).await,
        Some(Command::Dead(what)) => dead::run(&queue, what).await,
    }
}
