//! Headers as RabbitMQ carries them, to JSON and back.

use lapin::types::{AMQPValue, FieldArray, FieldTable, ShortString};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::core::task::called::BoxError;

pub(super) fn of(headers: &impl Serialize) -> Result<FieldTable, BoxError> {
    match field(serde_json::to_value(headers)?)? {
        AMQPValue::FieldTable(table) => Ok(table),
        _ => Err("headers are an object".into()),
    }
}

pub(super) fn field(value: Value) -> Result<AMQPValue, BoxError> {
    Ok(match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(value) => AMQPValue::Boolean(value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AMQPValue::LongLongInt(number),
            None => AMQPValue::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => AMQPValue::LongString(text.into()),
        Value::Array(values) => {
            let fields: Result<Vec<_>, _> = values.into_iter().map(field).collect();
            AMQPValue::FieldArray(FieldArray::from(fields?))
        }
        Value::Object(map) => {
            let mut table = FieldTable::default();
            for (name, value) in map {
                table.insert(ShortString::try_new(name)?, field(value)?);
            }
            AMQPValue::FieldTable(table)
        }
    })
}

pub(super) fn json(table: &FieldTable) -> Map<String, Value> {
    table.inner().iter().map(|(name, field)| (name.to_string(), value(field))).collect()
}

fn value(field: &AMQPValue) -> Value {
    match field {
        AMQPValue::Boolean(value) => (*value).into(),
        AMQPValue::ShortShortInt(number) => (*number).into(),
        AMQPValue::ShortShortUInt(number) => (*number).into(),
        AMQPValue::ShortInt(number) => (*number).into(),
        AMQPValue::ShortUInt(number) => (*number).into(),
        AMQPValue::LongInt(number) => (*number).into(),
        AMQPValue::LongUInt(number) => (*number).into(),
        AMQPValue::LongLongInt(number) => (*number).into(),
        AMQPValue::Timestamp(seconds) => (*seconds).into(),
        AMQPValue::Float(number) => (*number).into(),
        AMQPValue::Double(number) => (*number).into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => text.to_string().into(),
        AMQPValue::FieldArray(fields) => fields.as_slice().iter().map(value).collect(),
        AMQPValue::FieldTable(table) => Value::Object(json(table)),
        AMQPValue::ByteArray(_) | AMQPValue::DecimalValue(_) | AMQPValue::Void => Value::Null,
    }
}
