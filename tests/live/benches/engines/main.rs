//! What airlock costs over each engine's own client.
//!
//! ```sh
//! tests/live.sh --bench                  # starts the servers
//! cargo bench -p airlock-live            # with their URLs in the environment; SQLite needs none
//! cargo bench -p airlock-live -- redis   # the lines whose names contain that
//! ```
//!
//! Ours and theirs take turns, each time on an empty queue, and the figures are medians: of the times,
//! and of the relations of the two times of one round. One by one is measured once, for it takes long. A limit that is missed is said; with `--check`
//! the program fails then too.

mod message;
mod noop;
mod pushing;
mod queue;
mod rabbitmq;
mod redis;
mod rounds;
mod sql;
mod unique;
mod working;

use std::env;
use std::process::ExitCode;

use crate::rounds::Bench;

#[tokio::main]
async fn main() -> ExitCode {
    let mut bench = Bench::from_arguments();
    pushing::head(&bench);
    sql::pushing(&mut bench).await;
    redis::pushing(&mut bench).await;
    rabbitmq::pushing(&mut bench).await;
    working::head(&bench);
    sql::working(&mut bench).await;
    redis::working(&mut bench).await;
    rabbitmq::working(&mut bench).await;
    bench.finish()
}

/// The server for these lines; said where there is none.
fn server(bench: &Bench, variable: &str, names: &[&str]) -> Option<String> {
    let wanted: Vec<_> = names.iter().filter(|name| bench.wants(name)).collect();
    let url = env::var(variable).ok();
    if url.is_none() {
        for name in wanted {
            println!(
                "{name:20} not measured: {variable} is not set; tests/live.sh --bench sets it"
            );
        }
        return None;
    }
    (!wanted.is_empty()).then_some(url).flatten()
}
