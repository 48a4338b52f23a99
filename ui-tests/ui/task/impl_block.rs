//! A whole `impl` under `#[airlock::task]`.

struct Mailer;

#[airlock::task]
impl Mailer {
    fn send_confirmation_email(&self, _order_id: u64) {}
}

fn main() {}
