//! A method as a task.

#![allow(unused_variables)]

struct Mailer;

impl Mailer {
    #[airlock::task]
    fn send_confirmation_email(&self, order_id: u64) {}
}

fn main() {}
