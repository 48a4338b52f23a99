//! `kill -9` at every step, and at 200 points that nobody chose.

use std::thread;
use std::time::Duration;

use super::counts::lost;
use super::load::{Load, next_order};
use super::{Place, counted, http};

/// Every step of an order, and whether it is there when the process dies at it.
const STEPS: [(&str, bool); 11] = [
    ("begin", false),
    ("after-insert", false),
    ("after-enqueue", false),
    ("after-body", false),
    ("before-push", false),
    ("after-push", false),
    ("after-commit", true),
    ("before-response", true),
    ("worker-before-task", true),
    ("worker-in-task", true),
    ("worker-after-task", true),
];

/// An order is placed once for each step.
pub(crate) fn at_every_step<P: Place>(new: fn() -> P) {
    let steps = STEPS.map(|(step, placed)| {
        thread::spawn(move || {
            let place = new();
            let shop = place.open(&["--crash-at", step]);
            // The answer may have been on its way.
            let _ = http::send(shop.port, &next_order());
            shop.crashed();
            let counts = counted(&place);
            println!("killed at {step}: {counts}");
            counts.check();
            assert_eq!(counts.orders, usize::from(placed), "{step}");
        })
    });
    for step in steps {
        step.join().expect("each step");
    }
}

/// The same shop is killed again and again.
pub(crate) fn at_200_random_points_under_load(place: &dyn Place) {
    const KILLS: u32 = 200;
    let mut told = Vec::new();
    let mut random = Random(0x5eed);
    for _ in 0..KILLS {
        let shop = place.open(&[]);
        let load = Load::start(shop.port, 4);
        thread::sleep(Duration::from_micros(random.next() % 150_000));
        shop.kill();
        told.extend(load.end());
    }
    let counts = counted(place);
    let lost = lost(&told, &place.orders());
    println!(
        "{KILLS} kills: {counts}; told that they are placed: {}, of these lost: {lost}",
        told.len()
    );
    counts.check();
    assert_eq!(lost, 0);
    assert!(counts.orders >= told.len() && told.len() > 100, "the kills came too early to count");
}

/// Numbers that look random, the same in each run.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
