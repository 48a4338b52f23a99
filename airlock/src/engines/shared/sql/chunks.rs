//! Batches in portions that fit into one statement each.

/// Rows in portions, in order, each small enough for one statement; `bytes` is how large a row is.
pub(crate) fn chunks<R>(rows: &[R], bytes: impl Fn(&R) -> usize) -> impl Iterator<Item = &[R]> {
    const ROWS: usize = 10_000;
    const BYTES: usize = 64 << 20;
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fits = |row: &&R| {
            sum += bytes(row);
            sum <= BYTES
        };
        let fitting = rest.iter().take(ROWS).take_while(fits).count();
        // A single one goes alone, however large it is.
        let (chunk, after) = rest.split_at(fitting.max(1).min(rest.len()));
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_bounded_and_leave_nothing_out() {
        let sizes = |rows: &[usize]| chunks(rows, |row| *row).map(<[_]>::len).collect::<Vec<_>>();
        assert!(sizes(&[]).is_empty());
        assert_eq!(sizes(&vec![1; 25_000]), [10_000, 10_000, 5_000]);
        assert_eq!(sizes(&[1, 65 << 20, 1, 40 << 20, 40 << 20]), [1, 1, 2, 1]);
        let many: Vec<usize> = (0..25_000).collect();
        assert!(chunks(&many, |_| 1).flatten().eq(&many));
    }
}
