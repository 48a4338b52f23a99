//! The options of the attribute.

use airlock::Policy;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Open;

#[airlock::travels(name = "DropAll", nam = "open")]
impl Policy for Open {}

fn main() {}
