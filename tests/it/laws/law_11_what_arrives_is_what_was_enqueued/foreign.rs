//! What airlock did not enqueue, such as a message from Python, does not run as another value either.

use serde_json::Value;

const FORTY_DIGITS: &str = "1234567890123456789012345678901234567890";

#[airlock::task(name = "law_11.foreign")]
fn foreign(value: Value, wide: u128, float: f64, #[secret] hidden: Value) {
    unreachable!("it is only decoded: {value} {wide} {float} {hidden}")
}

fn decode(value: &str, wide: &str, float: &str, hidden: &str) -> Result<(), String> {
    let json =
        format!(r#"{{"value": {value}, "wide": {wide}, "float": {float}, "hidden": {hidden}}}"#);
    let decoded = airlock::registry().expect("no duplicates").decode("law_11.foreign", &json);
    decoded.map(drop).map_err(|error| error.to_string())
}

/// Whether a `Value` keeps an integer of any length, as with the feature `arbitrary_precision` of `serde_json`.
fn values_keep_it() -> bool {
    let value: Value = serde_json::from_str(FORTY_DIGITS).expect("a number");
    serde_json::to_string(&value).is_ok_and(|written| written == FORTY_DIGITS)
}

#[test]
fn an_integer_that_its_type_does_not_keep_is_refused_by_the_name_of_its_parameter() {
    let refused = |name: &str, digits: usize| {
        Err(format!(
            "the argument `{name}` of `law_11.foreign` has the wrong type: it has an integer of {digits} digits, which \
             would run as another number: send it as a text"
        ))
    };
    let nested = format!(r#"{{"a": [1, {{"b": -{FORTY_DIGITS}}}]}}"#);
    let in_value = if values_keep_it() { Ok(()) } else { refused("value", 40) };
    assert_eq!(decode(FORTY_DIGITS, "1", "1", "1"), in_value);
    assert_eq!(decode(&nested, "1", "1", "1"), in_value);
    assert_eq!(decode("1", "1", "9007199254740993", "1"), refused("float", 16));
    let secret = "the argument `hidden` of `law_11.foreign` has the wrong type: [secret]";
    let in_secret = if values_keep_it() { Ok(()) } else { Err(secret.to_owned()) };
    assert_eq!(decode("1", "1", "1", FORTY_DIGITS), in_secret);
}

#[test]
fn one_that_its_type_keeps_is_read() {
    let (wide, text) = (u128::MAX.to_string(), format!("{FORTY_DIGITS:?}"));
    for value in ["18446744073709551615", "-9223372036854775808", "10000000000000000000000", &text]
    {
        assert_eq!(decode(value, &wide, "10000000000000000000000", "1"), Ok(()), "{value}");
    }
}
