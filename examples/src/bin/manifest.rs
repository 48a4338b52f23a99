//! The manifest: what a change of tasks does to messages in flight, said by a test before the deployment.

use std::env;
use std::error::Error;
use std::fs;
use std::panic::catch_unwind;

use airlock::testing::assert_manifest;

#[airlock::task(name = "mail.confirmation", queue = "emails", max_attempts = 5)]
fn send_confirmation_email(order_id: u64, #[secret] token: String, #[default(3)] retries: u8) {
    println!("order {order_id}: {} letters, {retries} retries", token.len());
}

#[airlock::task(name = "warehouse.pack", removed = ["note"])]
fn pack(order_id: u64, boxes: Option<u32>) {
    println!("order {order_id} goes into {boxes:?} boxes");
}

/// Its messages never leave the process, and it has no place in the manifest.
#[airlock::task(local)]
fn forget(key: String) {
    println!("{key} is forgotten");
}

/// The manifest of last month, when `pack` had other arguments and `mail.confirmation` another name.
const LAST_MONTH: &str = r#"{
  "tasks": {
    "mail.confirm": {
      "parameters": [
        { "name": "order_id", "type": "u64" },
        { "name": "token", "secret": true, "type": "String" },
        { "default": 3, "name": "retries", "type": "u8" }
      ]
    },
    "warehouse.pack": {
      "parameters": [
        { "name": "order_id", "type": "String" },
        { "name": "note", "type": "String" },
        { "name": "color", "type": "String" }
      ]
    }
  },
  "version": 1
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let manifest = airlock::registry()?.manifest();
    print!("{manifest}");
    let names: Vec<_> = manifest.iter().map(airlock::TaskInfo::name).collect();
    assert_eq!(names, ["mail.confirmation", "warehouse.pack"]);

    // In a program of yours this line is a test. `AIRLOCK_MANIFEST=update` writes the file.
    assert_manifest!("tasks.json");
    if env::var_os("AIRLOCK_MANIFEST").is_some() {
        // It would write the one below as well.
        return Ok(());
    }

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("tasks.json");
    fs::write(&path, LAST_MONTH)?;
    let panic = catch_unwind(|| assert_manifest!(&path)).expect_err("much has changed");
    let message = panic.downcast_ref::<String>().expect("it has a message");
    println!("{message}");
    for said in [
        "`mail.confirm` is gone, and `mail.confirmation` has its arguments",
        "the argument `color` is gone: a message in flight is rejected, as surplus",
        "the argument `order_id` is `u64` and was `String`",
        "the argument `note` is removed: a message in flight is read without it",
        "the argument `boxes` is new: a message in flight is read with its default, `null`",
    ] {
        assert!(message.contains(said), "{said}");
    }
    Ok(())
}
