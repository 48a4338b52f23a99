//! Intents, and what is only in the report, in one order: that of their places.

use std::iter::from_fn;

pub(super) enum InPlace<R, I> {
    ReportOnly(R),
    Intent(I),
}

/// Intents whose places are those from `first` on that are not taken by what is `report_only`, and that, in order.
pub(super) fn in_place<R, I>(
    first: usize,
    report_only: Vec<(usize, R)>,
    intents: impl IntoIterator<Item = I>,
) -> impl Iterator<Item = InPlace<R, I>> {
    let mut report_only = report_only.into_iter().peekable();
    let mut intents = intents.into_iter();
    let mut place = first;
    from_fn(move || {
        let next = match report_only.next_if(|(taken, _)| *taken <= place) {
            Some((_, what)) => Some(InPlace::ReportOnly(what)),
            None => intents.next().map(InPlace::Intent),
        };
        place += 1;
        next.or_else(|| Some(InPlace::ReportOnly(report_only.next()?.1)))
    })
}
