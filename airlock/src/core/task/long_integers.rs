//! Integers that JSON can write and a type may not keep: read into a float, one of 40 digits is another number.

use std::collections::HashSet;

/// As many digits as a float keeps of any integer.
const KEPT: usize = 15;

/// Whether there may be an integer in a JSON text that a float does not keep. It looks at texts in it as well.
pub(super) fn has_any(json: &str) -> bool {
    let mut digits = 0;
    json.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits > KEPT
    })
}

/// How many digits the first integer has that was sent as JSON, and of which what was read has only a float that is near.
/// One that was read as neither was skipped, or is kept in another form.
pub(super) fn first_rounded(sent: &str, read: &str) -> Option<usize> {
    let read: HashSet<&str> = numbers(read).collect();
    let is_read = |number: &str| read.contains(number);
    let mut rounded = numbers(sent).filter(|number| {
        let digits = number.strip_prefix('-').unwrap_or(number);
        if digits.len() <= KEPT || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        !is_read(number) && floats(number).iter().any(|float| is_read(float))
    });
    rounded.next().map(|number| number.trim_start_matches('-').len())
}

/// The floats that an integer becomes, as JSON has them; none where the larger one is the same number.
fn floats(number: &str) -> Vec<String> {
    let double = number.parse::<f64>().ok();
    if double.is_some_and(|float| format!("{float:.0}") == number) {
        return Vec::new();
    }
    let single = number.parse::<f32>().ok();
    let double = double.and_then(|float| serde_json::to_string(&float).ok());
    double.into_iter().chain(single.and_then(|float| serde_json::to_string(&float).ok())).collect()
}

/// The numbers of a JSON text, as they are written.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(inside) = rest.strip_prefix('"') {
                rest = after_text(inside);
                continue;
            }
            let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            rest = after;
            return Some(number);
        }
    })
}

/// What is behind the end of a text.
fn after_text(inside: &str) -> &str {
    let mut escaped = false;
    let end = inside.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or("", |end| &inside[end + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORTY: &str = "1234567890123456789012345678901234567890";

    #[test]
    fn numbers_are_found_outside_of_texts() {
        let json = r#"{"a 1": [-1, 2.5e-3,"\"3\\", 4], "5": "6"}"#;
        assert_eq!(numbers(json).collect::<Vec<_>>(), ["-1", "2.5e-3", "4"]);
        assert_eq!(numbers("7").collect::<Vec<_>>(), ["7"]);
    }

    #[test]
    fn an_integer_is_kept_or_another_number_was_read() {
        let read = |sent: &str| serde_json::from_str::<f64>(sent).expect("a number");
        // How an exponent is written is its version's.
        let written = |float: f64| serde_json::to_string(&float).expect("it is finite");
        let near = written(read(FORTY));
        assert!(has_any(FORTY) && has_any("9007199254740993") && !has_any("[123456789012345, 1]"));
        assert_eq!(first_rounded(FORTY, &near), Some(40));
        assert_eq!(first_rounded(&format!("[1, -{FORTY}]"), &format!("[1,-{near}]")), Some(40));
        assert_eq!(first_rounded("9007199254740993", "9007199254740992.0"), Some(16));
        // As a text, in a wider type, as the same float, and in a field that is skipped.
        assert_eq!(first_rounded(&format!("{FORTY:?}"), &format!("{FORTY:?}")), None);
        assert_eq!(first_rounded(FORTY, FORTY), None);
        let exact = "10000000000000000000000";
        assert_eq!(read(exact).to_string(), exact);
        assert_eq!(first_rounded(exact, &written(read(exact))), None);
        assert_eq!(first_rounded(FORTY, "{}"), None);
    }
}
