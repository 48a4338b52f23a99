//! A route that is told nothing of what it takes.

use airlock::{Inline, Route};

fn main() {
    let route = Route::to(Inline::builder().build().unwrap());
    airlock::configure().executor(route).install().unwrap();
}
