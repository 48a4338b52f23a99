//! A function of a trait, without a body.

trait Mailer {
    #[airlock::task]
    fn send_confirmation_email(order_id: u64);
}

fn main() {}
