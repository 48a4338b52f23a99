//! Long texts, cut where they are shown: an argument or a foreign error of megabytes makes no message of megabytes.

use std::fmt::{self, Display, Write};

/// How many bytes a message shows of one argument.
const ARGUMENT: usize = 200;

/// How many bytes a message shows of a text that is not ours: of an error, of a panic, of what a message's sender wrote.
const TEXT: usize = 2_000;

/// A foreign text as a message shows it: `the beginning… (5000000 bytes)`.
pub(crate) fn cut(text: impl Display) -> impl Display {
    Cut { text, longest: TEXT, is_marked: false }
}

/// An argument as a message shows it. One that is cut has a mark of the whole text, so that two arguments that differ
/// only behind the cut differ in a diff and in a snapshot: `"the beginning… (5000002 bytes, #0b1f6c29)`.
pub(crate) fn cut_argument(text: impl Display) -> impl Display {
    Cut { text, longest: ARGUMENT, is_marked: true }
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

struct Cut<T> {
    text: T,
    longest: usize,
    is_marked: bool,
}

impl<T: Display> Display for Cut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut beginning = Beginning { f, left: self.longest, written: 0, bytes: 0, mark: MARK };
        write!(beginning, "{}", self.text)?;
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
        self.f.write_str(shown)
    }
}
