//! How it travels is said once.

use airlock::{Policy, Travel};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Open;

#[airlock::travels(name = "open")]
impl Policy for Open {
    fn travel(&self) -> Travel {
        Travel::nothing()
    }
}

fn main() {}
