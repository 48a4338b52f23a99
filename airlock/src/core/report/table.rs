//! Aligned text tables.

use std::fmt;

/// What one cell shows of a text that is longer; the rest is an ellipsis.
const WIDEST: usize = 60;

/// A table with a heading; it displays as nothing where it has no rows, else on lines of its own.
pub(crate) struct Table<const N: usize> {
    heading: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(heading: [&'static str; N]) -> Self {
        Self { heading, rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| fit(&cell)));
    }
}

/// One line of at most [`WIDEST`] characters.
fn fit(cell: &str) -> String {
    let line: String =
        cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WIDEST + 1).collect();
    if line.chars().count() <= WIDEST {
        return line;
    }
    line.chars().take(WIDEST - 1).chain(['…']).collect()
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut widths = self.heading.map(|cell| cell.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        line(f, self.heading, &widths)?;
        self.rows.iter().try_for_each(|row| line(f, row.each_ref().map(String::as_str), &widths))
    }
}

fn line<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    cells: [&str; N],
    widths: &[usize; N],
) -> fmt::Result {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str("  ");
        text.push_str(cell);
        text.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
    }
    write!(f, "\n{}", text.trim_end())
}
