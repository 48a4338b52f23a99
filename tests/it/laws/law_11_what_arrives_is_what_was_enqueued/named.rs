//! A parameter is found by its name in every spelling of its letters.

use airlock::Task;

use crate::support::Ran;

#[airlock::task]
fn greet(#[state] ran: &Ran, naïve: u32, नाम: String) {
    ran.push(format!("{naïve} {नाम}"));
}

#[test]
fn a_name_with_marks_is_found_however_it_is_spelt() {
    let registry = airlock::registry().expect("no two tasks have one name");
    for name in ["naïve", "nai\u{308}ve"] {
        let json = format!(r#"{{"{name}": 1, "नाम": "Asha"}}"#);
        let intent = registry.decode(greet::NAME, &json).expect("it is the same name");
        assert_eq!(intent.arguments()["naïve"], 1);
    }
    let twice = "{\"naïve\": 1, \"nai\u{308}ve\": 2, \"नाम\": \"Asha\"}";
    let error = registry.decode(greet::NAME, twice).expect_err("it is one parameter");
    assert!(error.to_string().contains("is given twice"), "{error}");
}
