//! Whether a value arrives as it was enqueued.

use std::any::Any;

use crate::core::task::values::abilities::Abilities;
use crate::core::task::values::tree::Tree;

/// The longest `Debug` text that a refusal quotes of each of the two values, in bytes.
const QUOTED: usize = 60;

/// A value came back from JSON as another one.
#[derive(Debug)]
pub(crate) struct NotKept {
    /// The two in one sentence, for all but secrets.
    pub(crate) values: Option<String>,
    /// JSON has no number for one that is in it.
    pub(crate) no_number: bool,
}

/// Holds what came back from JSON against what was sent.
///
/// By the type's own `==`. Where it has none, or where that says that they differ, as it does of `NaN`, all
/// else that can be seen of them has to be the same: what serde writes, and the `Debug` text. A skipped field
/// of a type that has neither `==` nor `Debug` can't be seen.
///
/// # Errors
///
/// [`NotKept`] where the two differ.
pub(crate) fn check(abilities: &Abilities, sent: &dyn Any, back: &dyn Any) -> Result<(), NotKept> {
    if abilities.equal.is_some_and(|equal| equal(sent, back)) {
        return Ok(());
    }
    let trees = (abilities.tree(sent).map(Tree::loose), abilities.tree(back).map(Tree::loose));
    let texts = abilities.debug(sent).zip(abilities.debug(back));
    let same_text = texts.as_ref().map(|(sent, back)| letters(sent) == letters(back));
    let seen = same_text.unwrap_or(abilities.equal.is_none());
    if seen && trees.0 == trees.1 {
        return Ok(());
    }
    Err(NotKept {
        values: texts
            .filter(|(sent, back)| sent != back)
            .map(|(sent, back)| format!("`{}` would arrive as `{}`", quoted(sent), quoted(back))),
        no_number: trees.0.is_some_and(|tree| tree.has_no_number()),
    })
}

/// How often each byte is in a text: maps and sets that are equal are written in any order.
fn letters(text: &str) -> [usize; 256] {
    let mut count = [0; 256];
    for byte in text.bytes() {
        count[usize::from(byte)] += 1;
    }
    count
}

fn quoted(mut text: String) -> String {
    if text.len() > QUOTED {
        text.truncate(text.floor_char_boundary(QUOTED));
        text.push('…');
    }
    text
}
