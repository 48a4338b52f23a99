//! A value as JSON that is for people.

use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::core::panics::catch;
use crate::core::task::values::tree::Tree;

/// The value as JSON for people, the same for equal values; `None` where its `Serialize` refuses.
///
/// What JSON has not is written so that it can be read: `NaN` as a text, a map whose keys are no texts as a
/// list of pairs.
pub(crate) fn shown<T: Serialize + ?Sized>(value: &T) -> Option<Value> {
    // A report is made when everything has happened, and of many: a value that can't be shown spoils no other.
    let mut json = match catch(|| Tree::of(value)) {
        Ok(tree) => json(tree?),
        Err(panic) => {
            return Some(format!("[its `Serialize` panicked: {}]", panic.message()).into());
        }
    };
    // Whether they are by themselves is a feature of `serde_json`, which any crate may turn on.
    json.sort_all_objects();
    Some(json)
}

fn json(tree: Tree) -> Value {
    match tree {
        Tree::None | Tree::Unit => Value::Null,
        Tree::Some(inner) => json(*inner),
        Tree::Bool(value) => value.into(),
        Tree::Whole(number) => whole(number),
        Tree::Huge(number) => number.to_string().into(),
        Tree::Single(bits) => float(f32::from_bits(bits).into(), &f32::from_bits(bits)),
        Tree::Double(bits) => float(f64::from_bits(bits), &f64::from_bits(bits)),
        Tree::Text(text) => text.into(),
        Tree::Bytes(bytes) => bytes.into(),
        Tree::List(items) | Tree::Set(items) => items.into_iter().map(json).collect(),
        Tree::Map(entries) => map(entries),
        Tree::Struct(fields) => {
            fields.into_iter().map(|(name, value)| (name.to_owned(), json(value))).collect()
        }
        Tree::Variant(name, None) => name.into(),
        Tree::Variant(name, Some(inner)) => {
            Value::Object(Map::from_iter([(name.into(), json(*inner))]))
        }
    }
}

/// A number of more than 64 bits is a text, for a `Value` can't hold it.
fn whole(number: i128) -> Value {
    if let Ok(number) = u64::try_from(number) {
        number.into()
    } else if let Ok(number) = i64::try_from(number) {
        number.into()
    } else {
        number.to_string().into()
    }
}

fn float(number: f64, written: &dyn std::fmt::Debug) -> Value {
    Number::from_f64(number).map_or_else(|| format!("{written:?}").into(), Value::Number)
}

fn map(entries: Vec<(Tree, Tree)>) -> Value {
    if entries.iter().all(|(key, _)| key_text(key).is_some()) {
        let entries = entries.into_iter();
        return entries
            .map(|(key, value)| (key_text(&key).unwrap_or_default(), json(value)))
            .collect();
    }
    entries.into_iter().map(|(key, value)| Value::Array(vec![json(key), json(value)])).collect()
}

/// A key as JSON has it: a text, and what `serde_json` writes as one.
fn key_text(key: &Tree) -> Option<String> {
    match key {
        Tree::Text(text) => Some(text.clone()),
        Tree::Bool(value) => Some(value.to_string()),
        Tree::Whole(number) => Some(number.to_string()),
        Tree::Huge(number) => Some(number.to_string()),
        Tree::Single(bits) => Some(format!("{:?}", f32::from_bits(*bits))),
        Tree::Double(bits) => Some(format!("{:?}", f64::from_bits(*bits))),
        Tree::Variant(name, None) => Some((*name).to_owned()),
        Tree::Some(inner) => key_text(inner),
        _ => None,
    }
}
