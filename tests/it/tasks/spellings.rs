//! A parameter is found by its name in every spelling of its letters: `ï` is one character or two.

use airlock::Task;

use crate::support::Ran;

#[airlock::task(removed = ["größe"])]
fn greet(#[state] ran: &Ran, naïve: u32, नाम: String, ชื่อ: String) {
    ran.push(format!("{naïve} {नाम} {ชื่อ}"));
}

fn decoded(json: &str) -> Result<airlock::Intent, airlock::DecodeError> {
    airlock::registry().expect("no two tasks have one name").decode(greet::NAME, json)
}

#[test]
fn a_name_with_marks_is_found_however_it_is_spelt() {
    for name in ["naïve", "nai\u{308}ve", "\u{1d427}aïve"] {
        let json = format!(r#"{{"{name}": 1, "नाम": "Asha", "ชื่อ": "Dao"}}"#);
        let intent = decoded(&json).expect("it is the same name");
        assert_eq!(intent.arguments()["naïve"], 1);
        assert_eq!(intent.arguments()["नाम"], "Asha");
        assert_eq!(intent.arguments()["ชื่อ"], "Dao");
    }
}

#[test]
fn two_spellings_are_one_parameter() {
    let error = decoded("{\"naïve\": 1, \"nai\u{308}ve\": 2, \"नाम\": \"\", \"ชื่อ\": \"\"}");
    let error = error.expect_err("it is given twice").to_string();
    let expected = format!("the argument `naïve` of `{}` is given twice", greet::NAME);
    assert_eq!(error, expected);
}

#[test]
fn a_removed_parameter_is_known_however_it_is_spelt() {
    for name in ["größe", "gro\u{308}ße"] {
        let json = format!(r#"{{"naïve": 1, "नाम": "", "ชื่อ": "", "{name}": 9}}"#);
        assert!(decoded(&json).is_ok(), "what was removed is passed over");
    }
    let error = decoded(r#"{"naïve": 1, "नाम": "", "ชื่อ": "", "grosse": 9}"#);
    assert!(error.is_err(), "other letters are another name");
}
