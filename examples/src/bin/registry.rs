//! The registry: every task linked into the program, found by name, run from a name and JSON.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::DecodeError;

static BOXES: AtomicU32 = AtomicU32::new(0);

#[airlock::task(name = "warehouse.pack", queue = "warehouse")]
fn pack(order_id: u64, boxes: u32) {
    println!("order {order_id} goes into {boxes} boxes");
    BOXES.fetch_add(boxes, Ordering::Relaxed);
}

#[airlock::task(name = "mail.welcome")]
async fn welcome(user_id: u64) {
    std::future::ready(()).await;
    println!("welcome, user {user_id}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let registry = airlock::registry()?;
    for task in registry.iter() {
        let parameters: Vec<_> = task.parameters().iter().map(airlock::Parameter::name).collect();
        println!("{task:15}({}) at {}", parameters.join(", "), task.place());
    }
    assert_eq!(
        registry.iter().map(airlock::TaskInfo::name).collect::<Vec<_>>(),
        ["mail.welcome", "warehouse.pack",]
    );

    // A message off the wire becomes an intent, and runs like any other.
    let intent = registry.decode("warehouse.pack", r#"{"order_id": 42, "boxes": 3}"#)?;
    airlock::scope().run(|| intent.enqueue())??;
    assert_eq!(BOXES.load(Ordering::Relaxed), 3);

    // What can't be decoded says why.
    let refused = |name, json| registry.decode(name, json).expect_err("refused");
    let errors = [
        refused("warehouse.pak", "{}"),
        refused("warehouse.pack", r#"{"order_id": 42}"#),
        refused("warehouse.pack", r#"{"order_id": 42, "boxs": 3}"#),
        refused("warehouse.pack", r#"{"order_id": 42, "boxes": "three"}"#),
        refused("warehouse.pack", "[42, 3]"),
    ];
    for error in &errors {
        println!("{error}");
    }
    assert!(matches!(errors[0], DecodeError::UnknownTask(_)));
    assert!(matches!(errors[1], DecodeError::MissingArgument { argument: "boxes", .. }));
    assert!(matches!(errors[2], DecodeError::SurplusArgument { nearest: Some("boxes"), .. }));
    assert!(matches!(errors[3], DecodeError::MistypedArgument { argument: "boxes", .. }));
    assert!(matches!(errors[4], DecodeError::Malformed { .. }));
    Ok(())
}
