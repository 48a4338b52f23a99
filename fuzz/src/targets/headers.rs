//! Headers as RabbitMQ carries them: values of every type, nested, become JSON and a message is read with them.

use airlock::__private::fuzz;
use lapin::types::{AMQPValue, DecimalValue, FieldArray, FieldTable, LongString, ShortString};

use super::envelope::intent;
use super::{Target, harmless};

/// How deep tables are nested here. Deeper ones overflow the parser of the client, before airlock sees them.
const DEPTH: usize = 64;

pub(crate) const TARGET: Target = Target {
    name: "headers",
    seeds: &[
        "\u{7}task\u{1}\u{11}mail.confirmation\u{3}eta\u{2}\u{8}",
        "[[42], {\"token\": \"s3cr3t-t0k3n\"}, {}]",
    ],
    words: &[
        "task",
        "id",
        "eta",
        "expires",
        "retries",
        "timelimit",
        "compression",
        "mail.confirmation",
        "traceparent",
        "x-death",
        "[[1], {}, {}]",
        "application/json",
        "utf-8",
        "s3cr3t-t0k3n",
    ],
    read,
};

fn read(input: &[u8]) -> String {
    let mut rest = input;
    let headers = table(&mut rest, 0);
    let json = fuzz::headers_as_json(&headers);
    assert_eq!(json.len(), headers.inner().len());
    serde_json::to_string(&json).expect("it is JSON");
    // As they are forwarded with a dead letter.
    if let Some(back) = fuzz::headers_of_json(json) {
        let again = fuzz::headers_as_json(&back);
        assert_eq!(again.len(), headers.inner().len());
    }
    let (kind, body) = (text(&mut rest), rest);
    match fuzz::celery_rabbitmq(&headers, &kind, body) {
        Ok(envelope) => intent(&envelope),
        Err(error) => harmless(error.to_string()),
    }
}

fn byte(rest: &mut &[u8]) -> u8 {
    let Some((first, after)) = rest.split_first() else { return 0 };
    *rest = after;
    *first
}

fn text(rest: &mut &[u8]) -> String {
    let length = usize::from(byte(rest)).min(rest.len());
    let (text, after) = rest.split_at(length);
    *rest = after;
    String::from_utf8_lossy(text).into_owned()
}

fn eight(rest: &mut &[u8]) -> [u8; 8] {
    std::array::from_fn(|_| byte(rest))
}

fn table(rest: &mut &[u8], depth: usize) -> FieldTable {
    const NAMES: [&str; 8] =
        ["task", "id", "eta", "expires", "retries", "timelimit", "compression", "traceparent"];
    let mut table = FieldTable::default();
    for _ in 0..byte(rest) % 9 {
        let known = NAMES.get(usize::from(byte(rest))).map(|name| (*name).to_owned());
        let name = known.unwrap_or_else(|| text(rest));
        let Ok(name) = ShortString::try_new(name) else { continue };
        table.insert(name, value(rest, depth));
    }
    table
}

fn value(rest: &mut &[u8], depth: usize) -> AMQPValue {
    match byte(rest) % 18 {
        0 => AMQPValue::Boolean(byte(rest) > 0),
        1 | 2 => AMQPValue::LongString(LongString::from(text(rest))),
        3 => AMQPValue::ShortShortInt(i8::from_ne_bytes([byte(rest)])),
        4 => AMQPValue::ShortShortUInt(byte(rest)),
        5 => AMQPValue::ShortInt(i16::from_ne_bytes([byte(rest), byte(rest)])),
        6 => AMQPValue::ShortUInt(u16::from_ne_bytes([byte(rest), byte(rest)])),
        7 => AMQPValue::LongInt(i32::from_ne_bytes(std::array::from_fn(|_| byte(rest)))),
        8 => AMQPValue::LongUInt(u32::from_ne_bytes(std::array::from_fn(|_| byte(rest)))),
        9 => AMQPValue::LongLongInt(i64::from_ne_bytes(eight(rest))),
        10 => AMQPValue::Timestamp(u64::from_ne_bytes(eight(rest))),
        11 => AMQPValue::Float(f32::from_ne_bytes(std::array::from_fn(|_| byte(rest)))),
        12 => AMQPValue::Double(f64::from_ne_bytes(eight(rest))),
        13 => AMQPValue::DecimalValue(DecimalValue { scale: byte(rest), value: byte(rest).into() }),
        14 => AMQPValue::LongString(LongString::from(eight(rest).to_vec())),
        15 => AMQPValue::Void,
        16 if depth < DEPTH => AMQPValue::FieldTable(table(rest, depth + 1)),
        _ if depth < DEPTH => {
            let fields: Vec<_> = (0..byte(rest) % 5).map(|_| value(rest, depth + 1)).collect();
            AMQPValue::FieldArray(FieldArray::from(fields))
        }
        _ => AMQPValue::Void,
    }
}
