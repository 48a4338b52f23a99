//! Clients that place, ship and cancel orders until the shop is gone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::http::{self, FORM};

/// Numbers every customer of this process, so that no two orders are alike.
static CUSTOMER: AtomicU64 = AtomicU64::new(0);

/// Clients at work.
pub(crate) struct Load {
    clients: Vec<JoinHandle<()>>,
    over: Arc<AtomicBool>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Load {
    /// Sends this many clients to the shop.
    pub(crate) fn start(port: u16, clients: u32) -> Self {
        let (over, told) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let clients = (0..clients).map(|_| {
            let (over, told) = (Arc::clone(&over), Arc::clone(&told));
            thread::spawn(
                move || while !over.load(Ordering::Relaxed) && visit(port, &told).is_some() {},
            )
        });
        Self { clients: clients.collect(), over: Arc::clone(&over), told }
    }

    /// Waits for the clients; the customers who were told that their orders are placed.
    pub(crate) fn end(self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("clients don't panic");
        }
        std::mem::take(&mut *self.told.lock().expect("clients don't panic"))
    }
}

/// One order, and sometimes what follows; nothing where the shop does not answer.
fn visit(port: u16, told: &Mutex<Vec<String>>) -> Option<()> {
    let number = CUSTOMER.fetch_add(1, Ordering::Relaxed);
    let email = customer(number);
    let answer = http::send(port, &order(&email)).ok()?;
    if answer.status != 303 {
        return Some(());
    }
    told.lock().expect("clients don't panic").push(email);
    let page = answer.header("location").expect("it leads to the order");
    let more = match number % 4 {
        0 => "ship",
        1 => "cancel",
        _ => return Some(()),
    };
    http::send(port, &http::text("POST", &format!("{page}/{more}"), &[FORM], "")).ok()?;
    Some(())
}

fn customer(number: u64) -> String {
    format!("customer-{number}@example.com")
}

/// A new customer's order, as a client sends it.
pub(crate) fn next_order() -> String {
    order(&customer(CUSTOMER.fetch_add(1, Ordering::Relaxed)))
}

fn order(email: &str) -> String {
    http::text("POST", "/orders", &[FORM], &format!("email={email}&item=teapot&quantity=1"))
}
