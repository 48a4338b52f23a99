//! Writing the policies of a message.

use std::sync::Arc;

use serde_json::value::{RawValue, to_raw_value};

use super::{CannotTravel, Travelling};
use crate::core::policy::chain::{self, Chain};

/// The most that the policies of a message may be long, as JSON, in bytes: 16 KiB.
const MAX_BYTES: usize = 16 << 10;

/// What the policies of a place are in a message, as a list in JSON, innermost first; `None` where nothing goes along.
///
/// # Errors
///
/// For the innermost that can't, and where they are too long.
pub(crate) fn travelling(chain: &Chain) -> Result<Option<Arc<RawValue>>, CannotTravel> {
    let mut all: Vec<Travelling> = Vec::new();
    for node in chain::iter(chain) {
        let policy = node.policy();
        for one in policy.travel().or_named(policy).0? {
            // One that came with a message and one of the worker's own may be the same.
            if !all.iter().any(|known| known.is_same(&one)) {
                all.push(one);
            }
        }
    }
    if all.is_empty() {
        return Ok(None);
    }
    let unwritable = |why| CannotTravel { policy: None, why: Some(why) };
    let text = to_raw_value(&all).map_err(|error| unwritable(error.to_string()))?;
    if text.get().len() > MAX_BYTES {
        let longest = all.iter().max_by_key(|one| one.len());
        let bytes = text.get().len();
        return Err(CannotTravel {
            policy: longest.map(|one| one.name.clone().into_owned()),
            why: Some(format!(
                "the policies of the message would be {bytes} bytes long, and at most {MAX_BYTES} go along"
            )),
        });
    }
    Ok(Some(text.into()))
}

impl Travelling {
    fn is_same(&self, other: &Self) -> bool {
        let text = |one: &Self| one.settings.as_ref().map(|settings| settings.get().to_owned());
        self.name == other.name && text(self) == text(other)
    }

    fn len(&self) -> usize {
        self.name.len() + self.settings.as_ref().map_or(0, |settings| settings.get().len())
    }
}
