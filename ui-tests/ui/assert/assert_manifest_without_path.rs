//! No path.

use airlock::testing::assert_manifest;

fn main() {
    assert_manifest!();
}
