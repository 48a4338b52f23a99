//! The types of a manifest by their JSON schema.

use std::fs;
use std::path::Path;

use airlock::testing::assert_manifest;
use airlock::{registry, tasks};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::panic_of;

/// A comment, which changes no message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
struct Size {
    /// In centimetres.
    width: u8,
    #[serde(default)]
    height: u8,
}

type Number = u64;

/// It has no schema, and is known by its name alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plain(u8);

#[airlock::task(name = "schemas.pack")]
fn pack(order_id: Number, size: Size, plain: Plain) {
    drop((order_id, size, plain));
}

/// The manifest as JSON, after a change of the parameters.
fn after(change: impl FnOnce(&mut Value)) -> Value {
    let registry = registry().expect("no two tasks have one name");
    let mut json = registry.manifest().only(&tasks![pack]).to_json();
    change(&mut json["tasks"]["schemas.pack"]["parameters"]);
    json
}

fn said(name: &str, was: &Value) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, was.to_string()).expect("it can be written");
    panic_of(|| assert_manifest!(&path, tasks![pack]))
}

#[test]
fn a_type_has_its_schema_without_comments() {
    let mut parameters = Value::Null;
    after(|now| parameters = now.clone());
    assert_eq!(parameters[0]["schema"]["type"], "integer");
    assert_eq!(
        parameters[1]["schema"],
        json!({
            "type": "object",
            "properties": {
                "width": { "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255 },
                "height": { "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255 },
            },
            "required": ["width"],
        })
    );
    assert_eq!(parameters[2], json!({ "name": "plain", "type": "Plain" }));
}

#[test]
fn a_type_that_changes_inside_breaks_messages_in_flight() {
    let was = after(|parameters| parameters[1]["schema"]["required"] = json!([]));
    let said = said("inside.json", &was);
    assert!(said.starts_with("since "), "{said}");
    assert!(
        said.contains(
            "\n  `schemas.pack`: the argument `size` is still `Size`, whose JSON schema has changed: a message in \
             flight is rejected, unless its JSON fits the new one; give new fields `#[serde(default)]`\n"
        ),
        "{said}"
    );
}

#[test]
fn a_type_that_is_only_called_otherwise_breaks_none() {
    let was = after(|parameters| parameters[0]["type"] = json!("OrderId"));
    let said = said("renamed.json", &was);
    assert!(said.contains("is out of date, by changes that break no message in flight:"), "{said}");
    assert!(!said.contains("since "), "{said}");
    assert!(
        said.contains(
            "\n  `schemas.pack`: the type of the argument `order_id` is called `Number` and was `OrderId`, with the \
             same schema\n"
        ),
        "{said}"
    );
}

#[test]
fn a_file_without_schemas_is_out_of_date() {
    let was = after(|parameters| {
        for parameter in parameters.as_array_mut().expect("a list") {
            parameter.as_object_mut().expect("an object").remove("schema");
        }
    });
    let said = said("without.json", &was);
    let line = "\n  `schemas.pack` is written otherwise, as by another release or with other features of airlock\n";
    assert!(said.contains(line), "{said}");
}
