//! The JSON schema of a type.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// What the type reads, without what is written for people: a comment that is put better changes no message.
pub(crate) fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::default().with(|settings| settings.meta_schema = None);
    let mut schema = settings.for_deserialize().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(uncommented).transform(&mut schema);
    schema.to_value()
}

fn uncommented(schema: &mut Schema) {
    for key in ["title", "description", "examples", "default"] {
        schema.remove(key);
    }
}
