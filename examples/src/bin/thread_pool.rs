//! The thread pool: a flush hands its intents over and goes on.

use std::error::Error;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use airlock::ThreadPool;

#[airlock::task(name = "invoice.render")]
fn render_invoice(
    #[state] rendered: &Sender<String>,
    order_id: u64,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    if order_id == 13 {
        return Err("the printer is superstitious".into());
    }
    let thread = thread::current().name().unwrap_or("a thread").to_owned();
    println!("invoice {order_id} on {thread}");
    Ok(rendered.send(thread)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (rendered, threads) = channel();
    let (failed, failures) = channel();
    let pool = ThreadPool::builder()
        .threads(2)
        .state(rendered)
        .on_error(move |error| failed.send(error).expect("the receiver lives on"))
        .build()?;
    let pool = Arc::new(pool);

    // The flush succeeds once the pool has them all.
    airlock::scope()
        .executor(pool.clone())
        .run(|| (10..=14).try_for_each(|id| render_invoice::enqueue(id)))??;

    // Dropping the pool waits for what it was handed.
    drop(pool);
    let threads: Vec<String> = threads.try_iter().collect();
    assert_eq!(threads.len(), 4);
    assert!(threads.iter().all(|name| name.starts_with("airlock-pool-")));

    // A failure comes later, with its intent to try again.
    let error = failures.try_recv()?;
    println!("{error}");
    let again = error.into_intents();
    assert_eq!(again[0].to_string(), "invoice.render(order_id: 13)");
    Ok(())
}
