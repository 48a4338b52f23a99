//! A closure that doesn't say whether it carried the intent out.

use airlock::Intent;

fn main() {
    let _ = airlock::scope().executor(|intent: Intent| println!("{intent}")).run(|| ());
}
