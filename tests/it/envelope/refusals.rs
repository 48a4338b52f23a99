//! What is no envelope is refused, with the reason.

use airlock::envelope::Envelope;

use super::{ID, intent_of, least, local, now, read, refused};

#[test]
fn a_later_version_is_refused_by_its_number() {
    let later = "the message is no envelope: it is of version 3, and this binary reads up to 2: \
                 update the worker";
    assert_eq!(refused(least("{}", "").replace("\"airlock\":1", "\"airlock\":3")), later);
    assert_eq!(refused(r#"{"airlock":3,"everything":"is else"}"#), later);
    assert_eq!(refused(r#"{"everything":"is else","arguments":7,"airlock":3}"#), later);
}

#[test]
fn what_is_wrong_is_in_the_error() {
    let is = |json: &str, expected: &str| {
        let error = refused(json);
        let said = error.strip_prefix("the message is no envelope: ").unwrap_or_else(|| {
            panic!("it begins otherwise: {error}");
        });
        assert!(said.starts_with(expected), "{json}\n is: {said}\nnot: {expected}");
    };
    is("", "EOF while parsing a value at line 1 column 0");
    is("{}", "missing field `airlock`");
    is("null", "invalid type: null, expected");
    is("[]", "");
    is(&least("{}", "}"), "trailing characters at line 1 column");
    is(&least("{}", r#","airlock":1"#), "duplicate field `airlock`");
    is(&least("{", ""), "key must be a string at line 1 column");
    is(
        &least("{}", r#","options":{"priority":256}"#),
        "invalid value: integer, expected u8 at line 1 column",
    );
    is(&least("{}", r#","options":{"max_attempts":-1}"#), "invalid value: integer, expected u32");
    is(&least("{}", r#","options":7"#), "invalid type: integer, expected");
    is(&least("{}", r#","trace":{}"#), "missing field `traceparent`");
    is(&least("{}", "").replace(ID, "42"), "a value that can't be read at line 1 column");
    is(&least("{}", "").replace("envelope.mail\"", "envelope.mail\\u12"), "");
    for field in ["id", "task", "arguments", "enqueued_at"] {
        let json = least("{}", "").replace(&format!("\"{field}\""), "\"unknown\"");
        is(&json, &format!("missing field `{field}`"));
    }
}

/// What the registry says of an envelope that is one.
#[test]
fn what_is_wrong_with_a_task_or_its_arguments_is_in_the_error() {
    let said = |json: &str| intent_of(&read(json)).expect_err("it is wrong");
    assert!(
        said(&least("{}", "").replace("envelope.mail", "envelope.mial"))
            .contains("`envelope.mail`"),
    );
    assert_eq!(said(&least("{}", "")), "`envelope.mail` lacks its argument `order_id`");
    for no_object in ["null", "7", "\"text\"", "[1, null]", "true"] {
        let error = said(&least(no_object, ""));
        assert!(
            error.starts_with("the arguments of `envelope.mail` are no JSON object"),
            "{error}"
        );
    }
}

/// A reader quotes what it did not expect, which may be a secret, or all of the message.
#[test]
fn an_error_quotes_nothing() {
    let secret = ["s3cret", "s3cret, expected u8", "s3cret`, \\\", expected \u{202e}\r\n"];
    let mut quoting = 0;
    let all = secret.iter().flat_map(|secret| {
        let text = serde_json::Value::from(*secret).to_string();
        let options = [
            format!(r#","options":{text}"#),
            format!(r#","options":{{"priority":{text}}}"#),
            format!(r#","options":{{"at":{text}}}"#),
            format!(r#","trace":{{"traceparent":[{text}]}}"#),
            format!(r#","origin":{{"{secret}":1}}"#),
        ];
        let wrong = options.into_iter().map(|options| least("{}", &options));
        let field = |field: &str| least("{}", "").replace(field, &text);
        wrong
            .chain([text.clone(), format!("[{text}]"), field(&format!("\"{ID}\""))])
            .collect::<Vec<_>>()
    });
    let all: Vec<_> = all.collect();
    for json in &all {
        let error = refused(json);
        quoting += u32::from(error.contains("s3cret"));
        assert!(!error.contains("s3cret") && !error.contains(char::is_control), "{json}: {error}");
    }
    println!("{} messages that can't be read: {quoting} quoted in their errors", all.len());
    let error = refused(format!("{:?}", "s3cret".repeat(1 << 20)));
    assert!(error.len() < 300, "{} bytes", error.len());
}

#[test]
fn arguments_without_json_have_no_envelope() {
    let (sender, _receiver) = std::sync::mpsc::channel();
    let error = Envelope::of(&local::intent(sender), now()).expect_err("it has no JSON");
    assert!(error.to_string().contains("`envelope.local`"), "{error}");
}
