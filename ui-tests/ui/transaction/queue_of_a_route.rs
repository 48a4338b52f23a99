//! A route where a queue in the database of the transaction goes.

use airlock::transaction::Settings;
use airlock::{Inline, Route, tasks};

#[airlock::task]
fn send_confirmation_email(_order_id: u64) {}

fn main() {
    let inline = || Inline::builder().build().unwrap();
    let route = Route::to(inline()).tasks(tasks![send_confirmation_email]).otherwise(inline());
    let _ = Settings::<Vec<i64>>::default().queue(route);
}
