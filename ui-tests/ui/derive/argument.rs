struct Order;

#[derive(airlock::Task)]
struct Ship {
    order: Order,
}

fn main() {
    let _ = Ship { order: Order }.intent();
}
