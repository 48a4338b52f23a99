//! A secret argument is for the engine only.

use std::fmt::Write as _;

use airlock::registry;

use super::{intent_of, least, login, read, refused, sent, text};

#[test]
fn a_secret_goes_to_the_engine_and_appears_nowhere_else() {
    const SECRET: &str = "hunter2";
    let envelope = sent(&login::intent("ann".into(), SECRET.into()));
    assert_eq!(envelope.arguments(), r#"{"user":"ann","password":"hunter2"}"#);
    let came = read(&text(&envelope));
    assert_eq!(intent_of(&came).as_deref(), Ok(r#"login(user: "ann", password: [secret])"#));

    let mut seen = format!("{envelope:?} {envelope:#?} {came:?}");
    let arguments = [
        r#"{"user":1,"password":"hunter2"}"#,
        r#"{"user":"ann","password":["hunter2"]}"#,
        r#"{"user":"ann","password":"hunter2","more":"hunter2"}"#,
        r#"{"user":"ann","password":"hunter2","password":"hunter2"}"#,
        r#"["hunter2"]"#,
        r#""hunter2""#,
    ];
    for arguments in arguments {
        let json = least(arguments, "").replace("envelope.mail", "envelope.login");
        let envelope = read(&json);
        let error = envelope.intent(registry().expect("no task is there twice"));
        let error = error.expect_err("the arguments are wrong");
        write!(seen, "{error} {error:?} {envelope:?}").expect("a string");
        // What is cut off, or behind it, is wrong with the envelope itself.
        for end in [json.len() - 1, json.find("hunter2").expect("it is in there") + 7] {
            write!(seen, "{}", refused(&json[..end])).expect("a string");
        }
        write!(seen, "{}", refused(format!("{json}\"hunter2\""))).expect("a string");
    }
    assert!(!seen.contains(SECRET), "{seen}");
}
