//! A route without its last executor.

use airlock::{Inline, Route, tasks};

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    let inline = Inline::builder().build().unwrap();
    let route = Route::to(inline).tasks(tasks![send_confirmation_email]);
    let _ = airlock::scope().executor(route).run(|| ());
}
