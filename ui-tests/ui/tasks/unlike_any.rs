//! A task that nothing is named like.

fn main() {
    let _ = airlock::tasks![send_confirmation_email];
}
