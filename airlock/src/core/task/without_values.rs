//! What a reader of JSON says is wrong, without the values that it quotes: they may be secrets, also where none is due.

/// `None` where that is not known, since the words are those of a type's own `Deserialize`.
pub(crate) fn without_values(said: &str) -> Option<String> {
    let own = ["missing field `", "duplicate field `", "invalid length "];
    if own.iter().any(|own| said.starts_with(own)) {
        return Some(said.to_owned());
    }
    // `invalid type: string "s3cret", expected u8 at line 1 column 30`: only the last part is the type's.
    let (before, expected) = said.rsplit_once(", expected ")?;
    let quotes = ["invalid type: ", "invalid value: ", "unknown variant ", "unknown field "];
    quotes.iter().any(|quotes| before.starts_with(quotes)).then(|| {
        let what = before.split(['`', '"', ',']).next().unwrap_or_default();
        format!("{}, expected {expected}", what.trim_end())
    })
}

/// What is wrong with a JSON text, and where, without a value that is in it.
#[cfg(feature = "envelope")]
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    let said = error.to_string();
    if !error.is_data() {
        // The reader's own words.
        return said;
    }
    without_values(&said).unwrap_or_else(|| {
        format!("a value that can't be read at line {} column {}", error.line(), error.column())
    })
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn no_value_is_left() {
        for (said, left) in [
            (
                r#"invalid type: string "s3cret", expected u8 at line 1 column 30"#,
                "invalid type: string, expected u8 at line 1 column 30",
            ),
            (
                "invalid value: integer `7`, expected u8, or none at line 1 column 2",
                "invalid value: integer, expected u8, or none at line 1 column 2",
            ),
            ("invalid type: map, expected a string", "invalid type: map, expected a string"),
            (
                r#"invalid type: string "a, expected \"s3cret", expected u8"#,
                "invalid type: string, expected u8",
            ),
            (
                "unknown variant `s3cret`, expected `a` or `b`",
                "unknown variant, expected `a` or `b`",
            ),
            ("missing field `id` at line 1 column 2", "missing field `id` at line 1 column 2"),
        ] {
            assert_eq!(without_values(said).as_deref(), Some(left));
        }
        assert_eq!(without_values("s3cret is no address"), None);
    }
}
