//! Long texts, cut where they are shown: an argument or a foreign error of megabytes makes no message of megabytes.

use std::fmt::{self, Display, Write};

use crate::core::panics::{Panic, guarded};

/// How many bytes a message shows of one argument.
const ARGUMENT: usize = 200;

/// How many bytes a message shows of a text that is not ours: of an error, of a panic, of what a message's sender wrote.
const TEXT: usize = 2_000;

/// A foreign text as a message shows it: `the beginning… (5000000 bytes)`, in one line, without what a terminal obeys.
pub(crate) fn cut(text: impl Display) -> impl Display {
    Cut { text, longest: TEXT, is_marked: false }
}

/// An argument as a message shows it. One that is cut has a mark of the whole text, so that two arguments that differ
/// only behind the cut differ in a diff and in a snapshot: `"the beginning… (5000002 bytes, #0b1f6c29)`.
pub(crate) fn cut_argument(text: impl Display) -> impl Display {
    Cut { text, longest: ARGUMENT, is_marked: true }
}

/// Writes a text in one line: what ends a line, moves a terminal's cursor or turns the direction of a text is escaped, as
/// in `\n` and `\u{1b}`. Applied twice it is the same as once.
pub(crate) fn write_plain(f: &mut impl Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((at, control)) =
        rest.char_indices().find(|(_, character)| is_control(*character))
    {
        f.write_str(&rest[..at])?;
        write!(f, "{}", control.escape_default())?;
        rest = &rest[at + control.len_utf8()..];
    }
    f.write_str(rest)
}

/// Controls, marks and embeddings of direction, and separators of lines.
fn is_control(character: char) -> bool {
    // Most texts are ASCII.
    let turns = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}'];
    character.is_control()
        || !character.is_ascii()
            && (turns.contains(&character)
                || ('\u{202a}'..='\u{202e}').contains(&character)
                || ('\u{2066}'..='\u{2069}').contains(&character))
}

/// A text in one line, as [`write_plain`] has it.
#[cfg(feature = "envelope")]
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let written = write_plain(&mut plain, text);
    debug_assert!(written.is_ok(), "a string takes any text");
    plain
}

/// Cuts off a text after this many bytes, for a field of a limited length.
#[cfg(feature = "envelope")]
pub(crate) fn shortened(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    text
}

impl Panic {
    /// What it said, as a message shows it.
    pub(crate) fn message(&self) -> String {
        cut(self.text()).to_string()
    }
}

struct Cut<T> {
    text: T,
    longest: usize,
    is_marked: bool,
}

impl<T: Display> Display for Cut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut beginning = Beginning { f, left: self.longest, written: 0, bytes: 0, mark: MARK };
        write!(beginning, "{}", guarded(&self.text))?;
        let Beginning { written, bytes, mark, .. } = beginning;
        match bytes {
            _ if bytes == written => Ok(()),
            _ if self.is_marked => write!(f, "… ({bytes} bytes, #{mark:08x})"),
            _ => write!(f, "… ({bytes} bytes)"),
        }
    }
}

/// Where FNV-1a begins: a hash that is the same in each run.
const MARK: u32 = 0x811c_9dc5;

/// Writes the beginning of a text, and counts and hashes the whole: the text itself is never held.
struct Beginning<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    left: usize,
    written: usize,
    bytes: usize,
    mark: u32,
}

impl Write for Beginning<'_, '_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.bytes += piece.len();
        for byte in piece.bytes() {
            self.mark = (self.mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        let shown = &piece[..piece.floor_char_boundary(self.left)];
        // What follows a piece that is cut is behind the cut.
        self.left = if shown.len() < piece.len() { 0 } else { self.left - shown.len() };
        self.written += shown.len();
        write_plain(self.f, shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_text_is_one_line_that_no_terminal_obeys() {
        for (text, shown) in [
            ("größe, नाम, 📦 and \\n", "größe, नाम, 📦 and \\n"),
            ("a\r\nERROR forged", "a\\r\\nERROR forged"),
            ("\u{1b}[2J\u{9b}1m\u{7f}\0", "\\u{1b}[2J\\u{9b}1m\\u{7f}\\u{0}"),
            ("a\u{202e}b\u{2066}c\u{2028}d\u{200f}", "a\\u{202e}b\\u{2066}c\\u{2028}d\\u{200f}"),
        ] {
            assert_eq!(cut(text).to_string(), shown);
            assert_eq!(cut(shown).to_string(), shown, "once is enough");
        }
    }
}
