//! An envelope without its expiry, for a dead letter that is retried.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, to_raw_value};

use crate::envelope::Envelope;

type Fields = BTreeMap<String, Box<RawValue>>;

/// The text of an envelope without its expiry; `None` if it does not expire. It keeps every other field,
/// also those that this version does not know.
pub(crate) fn without_expiry(json: &[u8]) -> Option<Vec<u8>> {
    Envelope::from_json(json).ok()?.expires()?;
    let mut fields: Fields = serde_json::from_slice(json).ok()?;
    let mut options: Fields = serde_json::from_str(fields.get("options")?.get()).ok()?;
    options.remove("expires");
    fields.insert("options".to_owned(), to_raw_value(&options).ok()?);
    serde_json::to_vec(&fields).ok()
}
