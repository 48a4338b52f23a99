//! Why a message can't be read, whose frame was made [readable](super::readable).

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

use crate::engines::shared::rabbitmq::readable::{MAX_DEPTH, SUBSTITUTE};

/// Why a message can't be read as its sender wrote it.
pub(crate) fn unreadable(properties: &BasicProperties) -> Option<String> {
    let texts = [
        ("content type", properties.content_type()),
        ("content encoding", properties.content_encoding()),
        ("correlation id", properties.correlation_id()),
        ("queue for replies", properties.reply_to()),
        ("expiration", properties.expiration()),
        ("message id", properties.message_id()),
        ("type", properties.kind()),
        ("user id", properties.user_id()),
        ("application id", properties.app_id()),
        ("cluster id", properties.cluster_id()),
    ];
    let text = texts.into_iter().find_map(|(what, text)| {
        let text = text.as_ref()?.as_str();
        is_substituted(text).then(|| format!("its {what} `{}` is not UTF-8", shown(text)))
    });
    text.or_else(|| {
        properties.headers().iter().flatten().find_map(|(name, value)| header(name.as_str(), value))
    })
}

fn header(name: &str, value: &AMQPValue) -> Option<String> {
    if is_substituted(name) {
        return Some(format!("the name of its header `{}` is not UTF-8", shown(name)));
    }
    let what = of_value(value, 1)?;
    Some(format!("its header `{name}` {what}"))
}

/// What is wrong with a value in a table or an array of this depth.
fn of_value(value: &AMQPValue, depth: usize) -> Option<String> {
    match value {
        AMQPValue::ByteArray(_) if depth == MAX_DEPTH => {
            Some(format!("is nested deeper than {MAX_DEPTH} levels"))
        }
        AMQPValue::FieldArray(values) => {
            values.as_slice().iter().find_map(|value| of_value(value, depth + 1))
        }
        AMQPValue::FieldTable(table) => of_table(table, depth + 1),
        _ => None,
    }
}

fn of_table(table: &FieldTable, depth: usize) -> Option<String> {
    table.inner().iter().find_map(|(name, value)| {
        let name = is_substituted(name.as_str()).then(|| "has names that are not UTF-8".to_owned());
        name.or_else(|| of_value(value, depth))
    })
}

fn is_substituted(text: &str) -> bool {
    text.as_bytes().contains(&SUBSTITUTE)
}

fn shown(text: &str) -> String {
    text.replace(char::from(SUBSTITUTE), "\u{fffd}")
}
