//! The nearest known name.

/// The name of `known` most like `name`, where one is near enough to be what was meant.
///
/// Names are long for their last segment's sake, so that is compared as well: `send_emial` is near
/// `shop::mail::send_email`.
pub(crate) fn nearest(
    name: &str,
    known: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    // Comparing takes time with the square of the length, and names come off the wire.
    if name.len() > 256 {
        return None;
    }
    known
        .map(|candidate| (likeness(name, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

fn likeness(name: &str, candidate: &str) -> f64 {
    let whole = strsim::normalized_damerau_levenshtein(name, candidate);
    let last = strsim::normalized_damerau_levenshtein(last_segment(name), last_segment(candidate));
    // The whole name decides between candidates whose last segments are equally near.
    if last >= 0.75 { whole.max(last - 0.1 * (1.0 - whole)) } else { whole }
}

fn last_segment(name: &str) -> &str {
    name.rsplit([':', '.']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const KNOWN: [&str; 3] = ["shop::mail::send_email", "shop::warehouse::notify", "mail.welcome"];

    #[test]
    fn finds_a_typo_with_or_without_the_module() {
        assert_eq!(nearest("shop::mail::send_emial", KNOWN.into_iter()), Some(KNOWN[0]));
        assert_eq!(nearest("send_emial", KNOWN.into_iter()), Some(KNOWN[0]));
        assert_eq!(nearest("mail.welcom", KNOWN.into_iter()), Some(KNOWN[2]));
    }

    #[test]
    fn keeps_silent_where_nothing_is_near() {
        assert_eq!(nearest("invoice.render", KNOWN.into_iter()), None);
    }
}
