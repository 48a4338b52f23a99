//! Logging: what became of each intent, as `tracing` events that any subscriber shows.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Mutex;

use airlock::{LogOnFlush, block_tasks};
use tracing::Level;

static LOG: Mutex<String> = Mutex::new(String::new());

/// Standard output, and a copy to look at.
struct Copied;

impl Write for Copied {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = LOG.lock().map_err(|_| io::Error::other("the log is poisoned"))?;
        log.push_str(&String::from_utf8_lossy(bytes));
        io::stdout().write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

#[airlock::task(name = "warehouse.notify")]
fn notify_warehouse(order_id: u64) -> Result<(), String> {
    if order_id == 2 { Err("the warehouse is on fire".into()) } else { Ok(()) }
}

#[airlock::task(name = "mail.confirmation")]
fn send_confirmation_email(order_id: u64, #[secret] address: String) {
    println!("{address} reads of order {order_id}");
}

fn process(order_id: u64) -> Result<(), airlock::EnqueueError> {
    send_confirmation_email::enqueue(order_id, "ada@example.com".into())?;
    notify_warehouse::enqueue(order_id)
}

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(Level::DEBUG)
        .with_ansi(false)
        .without_time()
        .with_writer(|| Copied)
        .init();

    let policy = (block_tasks![send_confirmation_email], LogOnFlush::default());
    airlock::scope().named("admin").policy(policy).run(|| process(1))??;
    airlock::scope().named("api").run(|| process(2)).expect_err("fire");

    let log = LOG.lock()?;
    let has = |level: &str, words: &str| {
        log.lines().any(|line| line.trim_start().starts_with(level) && line.contains(words))
    };
    assert!(has("DEBUG", "dropped by BlockTasks"), "{log}");
    assert!(has("INFO", "warehouse.notify(order_id: 1)"), "{log}");
    assert!(!has("INFO", "mail.confirmation"), "the block list is asked first: {log}");
    assert!(has("ERROR", "the warehouse is on fire"), "{log}");
    assert!(!log.contains("ada@example.com"), "secrets stay out of logs");
    Ok(())
}
