//! Names and priorities as AMQP carries them.

use lapin::types::ShortString;

use crate::core::task::called::BoxError;

/// A text that AMQP can carry as a name.
///
/// # Errors
///
/// Where it is longer than 255 bytes.
pub(crate) fn short(what: &str, text: &str) -> Result<ShortString, BoxError> {
    ShortString::try_new(text).map_err(|_| {
        let begin: String = text.chars().take(20).collect();
        format!("the {what} `{begin}…` is longer than the 255 bytes that RabbitMQ takes").into()
    })
}

/// A priority of 0 to 255 in a queue whose highest is `max`.
pub(crate) fn scaled(priority: Option<u8>, max: Option<u8>) -> Option<u8> {
    let (priority, max) = (u16::from(priority?), u16::from(max?));
    u8::try_from((priority * max + 127) / 255).ok()
}
