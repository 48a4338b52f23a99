//! How many bytes of a frame a message's properties take: RabbitMQ closes the connection for those that don't fit.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

/// What a frame has around its payload.
const AROUND: usize = 8;

/// The most bytes of properties that fit into a frame of at most so many.
pub(crate) fn room(frame_max: u32) -> usize {
    usize::try_from(frame_max).unwrap_or(usize::MAX).saturating_sub(AROUND)
}

/// The payload of the frame with these properties.
///
/// Source: the sections 4.2.6 and 4.2.5 of AMQP 0-9-1, and RabbitMQ's types of fields.
pub(crate) fn of_properties(properties: &BasicProperties) -> usize {
    const CLASS_WEIGHT_LENGTH_FLAGS: usize = 2 + 2 + 8 + 2;
    let texts = [
        properties.content_type(),
        properties.content_encoding(),
        properties.correlation_id(),
        properties.reply_to(),
        properties.expiration(),
        properties.message_id(),
        properties.kind(),
        properties.user_id(),
        properties.app_id(),
        properties.cluster_id(),
    ];
    let texts: usize = texts.into_iter().flatten().map(of_short).sum();
    let bytes = [properties.delivery_mode(), properties.priority()];
    CLASS_WEIGHT_LENGTH_FLAGS
        + texts
        + bytes.into_iter().flatten().count()
        + properties.timestamp().map_or(0, |_| 8)
        + properties.headers().as_ref().map_or(0, of_table)
}

fn of_short(text: &ShortString) -> usize {
    1 + text.as_str().len()
}

fn of_table(table: &FieldTable) -> usize {
    4 + table.inner().iter().map(|(name, value)| of_short(name) + of_value(value)).sum::<usize>()
}

/// A field without its name.
pub(crate) fn of_value(value: &AMQPValue) -> usize {
    1 + match value {
        AMQPValue::Void => 0,
        AMQPValue::Boolean(_) | AMQPValue::ShortShortInt(_) | AMQPValue::ShortShortUInt(_) => 1,
        AMQPValue::ShortInt(_) | AMQPValue::ShortUInt(_) => 2,
        AMQPValue::LongInt(_) | AMQPValue::LongUInt(_) | AMQPValue::Float(_) => 4,
        AMQPValue::DecimalValue(_) => 5,
        AMQPValue::LongLongInt(_) | AMQPValue::Timestamp(_) | AMQPValue::Double(_) => 8,
        AMQPValue::ShortString(text) => of_short(text),
        AMQPValue::LongString(text) => 4 + text.as_bytes().len(),
        AMQPValue::ByteArray(bytes) => 4 + bytes.as_slice().len(),
        AMQPValue::FieldArray(fields) => 4 + fields.as_slice().iter().map(of_value).sum::<usize>(),
        AMQPValue::FieldTable(table) => of_table(table),
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::basic::gen_properties;
    use lapin::types::{ByteArray, DecimalValue, FieldArray};

    use super::*;

    #[test]
    fn the_size_is_that_of_what_the_client_writes() {
        let mut inner = FieldTable::default();
        inner.insert("größe".into(), AMQPValue::LongString("x".repeat(300).into()));
        let values = [
            AMQPValue::Void,
            AMQPValue::Boolean(true),
            AMQPValue::ShortShortInt(1),
            AMQPValue::ShortShortUInt(1),
            AMQPValue::ShortInt(1),
            AMQPValue::ShortUInt(1),
            AMQPValue::LongInt(1),
            AMQPValue::LongUInt(1),
            AMQPValue::LongLongInt(1),
            AMQPValue::Float(1.0),
            AMQPValue::Double(1.0),
            AMQPValue::Timestamp(1),
            AMQPValue::DecimalValue(DecimalValue { scale: 1, value: 2 }),
            AMQPValue::LongString("ä".into()),
            AMQPValue::ByteArray(ByteArray::from(vec![1, 2, 3])),
            AMQPValue::FieldTable(inner),
        ];
        let mut headers = FieldTable::default();
        for (number, value) in values.iter().enumerate() {
            headers.insert(number.to_string().into(), value.clone());
        }
        let all = FieldArray::from(values.to_vec());
        headers.insert("all".into(), AMQPValue::FieldArray(all));
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_message_id("id".into())
            .with_type("type".into())
            .with_delivery_mode(2)
            .with_priority(1)
            .with_timestamp(1)
            .with_headers(headers);
        for properties in [BasicProperties::default(), properties] {
            let written = gen_properties(&properties)(Vec::new().into()).expect("it is written");
            let (written, _) = written.into_inner();
            assert_eq!(of_properties(&properties), 2 + 2 + 8 + written.len());
        }
    }
}
