//! Clients that hang up.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use super::counts::{Counts, lost};
use super::kills::Random;
use super::load::{Load, next_order};
use super::{Place, drained, http};

/// Some stay, meanwhile.
pub(crate) fn clients_that_hang_up_leave_no_half_orders(place: &dyn Place) {
    const EACH: usize = 100;
    let shop = place.open(&[]);
    let others = Load::start(shop.port, 2);
    let hanging_up = [1, 2, 3, 4].map(|seed| {
        let port = shop.port;
        thread::spawn(move || {
            let mut random = Random(seed * 0x9e37_79b9);
            (0..EACH).filter(|_| hang_up(port, &mut random)).count()
        })
    });
    let answered: usize =
        hanging_up.map(|clients| clients.join().expect("clients don't panic")).iter().sum();
    let told = others.end();
    drained(place);
    let (well, said) = shop.stop();
    assert!(well, "{said}");
    let counts = Counts::of(&place.orders(), place.data());
    println!(
        "{} clients hung up, {answered} of them with a part of the answer; {} others stayed: {counts}",
        4 * EACH,
        told.len()
    );
    counts.check();
    assert_eq!(lost(&told, &place.orders()), 0);
    assert!(counts.orders > told.len(), "some of those who hung up have ordered");
}

/// Sends some of a request, or all of it, waits or doesn't, and is gone; whether there was an answer.
fn hang_up(port: u16, random: &mut Random) -> bool {
    let request = next_order();
    let mut stream = http::connect(port).expect("the shop is open");
    let length = u64::try_from(request.len()).expect("it is short");
    let sent = match random.next() % 4 {
        0 => random.next() % length,
        _ => length,
    };
    let sent = usize::try_from(sent).expect("it was one");
    stream.write_all(&request.as_bytes()[..sent]).expect("the shop reads");
    let wait = Duration::from_micros(1 + random.next() % 80_000);
    stream.set_read_timeout(Some(wait)).expect("it can be set");
    matches!(stream.read(&mut [0; 16]), Ok(1..))
}
