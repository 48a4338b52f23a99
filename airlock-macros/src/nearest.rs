//! "Did you mean …": the known name that is nearest to the one written.

/// The nearest of `known`, if one is near enough that it was probably meant.
pub(crate) fn nearest<'a>(
    written: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(written, name), name))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["policy", "executor", "on_failure"];
        assert_eq!(nearest("polcy", known), Some("policy"));
        assert_eq!(nearest("on_faliure", known), Some("on_failure"));
        assert_eq!(nearest("retries", known), None);
    }
}
