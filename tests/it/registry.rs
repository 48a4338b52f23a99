//! Every task of the binary, by name; from a name and JSON to an intent that runs.

use airlock::{DecodeError, Task};

use crate::support::{Ran, note};

#[airlock::task(name = "registry.pack")]
fn pack(
    #[state] ran: &Ran,
    order_id: u64,
    boxes: Vec<Box2>,
    note: Option<String>,
    #[secret] pin: u16,
) {
    ran.push(format!("{order_id} {} {note:?} {pin}", boxes.len()));
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Box2 {
    side: u8,
}

#[airlock::task(name = "registry.nothing")]
async fn nothing() {
    crate::support::yield_once().await;
}

#[airlock::task(local)]
fn stays_here(n: u64) {
    let _ = n;
}

fn registry() -> &'static airlock::Registry {
    airlock::registry().expect("no two tasks have one name")
}

fn decode(json: &str) -> Result<airlock::Intent, DecodeError> {
    registry().decode("registry.pack", json)
}

#[track_caller]
fn error(json: &str) -> (DecodeError, String) {
    let error = decode(json).expect_err("the message is wrong");
    let text = error.to_string();
    assert!(text.contains("`registry.pack`"), "it names the task: {text}");
    (error, text)
}

const GOOD: &str = r#"{"order_id": 1, "boxes": [{"side": 2}], "note": "fragile", "pin": 1234}"#;

#[test]
fn it_lists_every_task_once_ordered_by_name() {
    let names: Vec<_> = registry().iter().map(airlock::TaskInfo::name).collect();
    assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    assert_eq!(names.len(), registry().len());
    assert!(!registry().is_empty());
    for name in ["registry.pack", "registry.nothing", "it::registry::stays_here", "alpha"] {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn it_finds_by_name_and_names_the_nearest() {
    let found = registry().find("registry.pack").expect("it is there");
    assert!(std::ptr::eq(found, pack::info()));
    for (wrong, near) in [
        ("registry.pakc", "registry.pack"),
        ("nothng", "registry.nothing"),
        ("registry.Pack", "registry.pack"),
        ("it::registry::stay_here", "it::registry::stays_here"),
        ("stayshere", "it::registry::stays_here"),
    ] {
        let error = registry().find(wrong).expect_err("there is none");
        assert_eq!((error.name(), error.nearest()), (wrong, Some(near)));
        assert_eq!(
            error.to_string(),
            format!("no task is named `{wrong}`: did you mean `{near}`?")
        );
    }
    let error = registry().find("xyzzy.frobnicate").expect_err("there is none");
    assert_eq!(error.nearest(), None);
    assert!(error.to_string().contains("the crate with the task is linked"), "{error}");
    assert!(registry().find("").is_err());
}

#[test]
fn a_decoded_intent_runs_like_one_that_was_written() {
    let ran = Ran::new();
    let tasks = airlock::tasks![pack];
    let inline =
        airlock::Inline::builder().state(ran.clone()).serving(tasks).build().expect("given");
    let intent = decode(GOOD).expect("it is right");
    assert_eq!(
        intent.to_string(),
        r#"registry.pack(order_id: 1, boxes: [{"side":2}], note: "fragile", pin: [secret])"#
    );
    airlock::scope().executor(inline).run(|| intent.enqueue()).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), [r#"1 1 Some("fragile") 1234"#]);
}

#[test]
fn what_is_encoded_is_decoded() {
    let intent = pack::intent(7, vec![Box2 { side: 1 }, Box2 { side: 2 }], None, 99);
    let json = intent.to_json().expect("it has JSON");
    let decoded = decode(&json).expect("it is right");
    assert_eq!(decoded.to_json().expect("it has JSON"), json);
    assert_eq!(decoded.arguments_of::<pack>().map(|arguments| arguments.3), Some(99));
    let nothing = registry().decode("registry.nothing", "{}").expect("it takes nothing");
    assert_eq!(nothing.to_json().expect("it has JSON"), "{}");
}

#[test]
fn the_origin_of_a_decoded_intent_is_where_it_was_decoded() {
    let line = line!() + 1;
    let intent = registry().decode("registry.nothing", "{}").expect("it takes nothing");
    assert_eq!((intent.origin().file(), intent.origin().line()), (file!(), line));
}

#[test]
fn the_order_of_keys_does_not_matter_and_an_option_may_be_missing() {
    let intent = decode(r#"{"pin": 1, "boxes": [], "order_id": 5}"#).expect("it is right");
    assert_eq!(intent.arguments()["note"], serde_json::Value::Null);
}

#[test]
fn an_unknown_task_is_its_own_error() {
    let error = registry().decode("registry.pakc", GOOD).expect_err("there is none");
    assert!(matches!(error, DecodeError::UnknownTask(_)));
    assert!(error.to_string().contains("did you mean `registry.pack`?"), "{error}");
}

#[test]
fn a_local_task_is_its_own_error() {
    let error = registry().decode("it::registry::stays_here", r#"{"n": 1}"#).expect_err("local");
    assert!(matches!(error, DecodeError::LocalTask { .. }));
    assert!(error.to_string().contains("`it::registry::stays_here` is a `local` task"), "{error}");
    let error = stays_here::intent(1).to_json().expect_err("local");
    assert!(error.to_string().contains("it::registry::stays_here"), "{error}");
}

#[test]
fn a_missing_argument_is_its_own_error() {
    let (kind, text) = error(r#"{"order_id": 1, "pin": 1}"#);
    assert!(matches!(kind, DecodeError::MissingArgument { argument: "boxes", .. }));
    assert_eq!(text, "`registry.pack` lacks its argument `boxes`");
    let (kind, _) = error("{}");
    assert!(matches!(kind, DecodeError::MissingArgument { argument: "order_id", .. }));
}

#[test]
fn a_surplus_argument_is_its_own_error() {
    let (kind, text) = error(r#"{"order_id": 1, "boxs": [], "pin": 1}"#);
    assert!(matches!(kind, DecodeError::SurplusArgument { nearest: Some("boxes"), .. }));
    assert_eq!(text, "`registry.pack` has no argument `boxs`: did you mean `boxes`?");
    let (_, text) = error(r#"{"zzzzzzz": 1}"#);
    assert!(text.ends_with("it takes `order_id`, `boxes`, `note`, `pin`"), "{text}");
    let error = registry().decode("registry.nothing", r#"{"n": 1}"#).expect_err("surplus");
    assert!(error.to_string().ends_with("it takes none"), "{error}");
    // A state is no argument.
    let (kind, _) = self::error(r#"{"ran": {}}"#);
    assert!(matches!(kind, DecodeError::SurplusArgument { .. }));
}

#[test]
fn a_mistyped_argument_is_its_own_error() {
    let (kind, text) = error(r#"{"order_id": "one", "boxes": [], "pin": 1}"#);
    assert!(matches!(kind, DecodeError::MistypedArgument { argument: "order_id", .. }));
    assert!(text.contains("`order_id`") && text.contains("expected u64"), "{text}");
    let (kind, text) = error(r#"{"order_id": 1, "boxes": [{"side": 300}], "pin": 1}"#);
    assert!(matches!(kind, DecodeError::MistypedArgument { argument: "boxes", .. }));
    assert!(text.contains("expected u8"), "{text}");
    for null in ["order_id", "boxes"] {
        let json =
            GOOD.replacen(&format!("\"{null}\": "), &format!("\"{null}\": null, \"x\": "), 1);
        let (kind, _) = error(&json);
        assert!(matches!(kind, DecodeError::MistypedArgument { argument, .. } if argument == null));
    }
}

#[test]
fn a_repeated_argument_is_its_own_error() {
    let (kind, text) = error(r#"{"order_id": 1, "order_id": 2, "boxes": [], "pin": 1}"#);
    assert!(matches!(kind, DecodeError::RepeatedArgument { argument: "order_id", .. }));
    assert!(text.contains("given twice"), "{text}");
}

#[test]
fn what_is_no_json_object_is_its_own_error() {
    for json in
        ["", "nonsense", "[]", "7", "null", "\"text\"", "{\"order_id\": 1", &format!("{GOOD} x")]
    {
        let (kind, _) = error(json);
        assert!(matches!(kind, DecodeError::Malformed { .. }), "{json}: {kind:?}");
    }
}

#[test]
fn a_task_is_known_by_what_was_written() {
    let info = pack::info();
    assert!(info.place().file().ends_with("it/registry.rs"));
    assert_eq!(info.place().line(), 8);
    let names: Vec<_> = info.parameters().iter().map(|p| (p.name(), p.is_secret())).collect();
    assert_eq!(names, [("order_id", false), ("boxes", false), ("note", false), ("pin", true)]);
    assert!(!info.is_async() && nothing::info().is_async());
    assert!(!info.is_local() && stays_here::info().is_local());
    assert!(*info == *pack::info() && *info != *note::info());
    assert_eq!(format!("{info} {info:?}"), "registry.pack TaskInfo(registry.pack)");
}

#[test]
fn a_decoded_intent_is_judged_like_any_other() {
    let refused = airlock::scope()
        .policy(airlock::block_tasks![pack].refuse())
        .run(|| decode(GOOD).expect("it is right").enqueue());
    assert!(refused.expect("nothing to flush").is_err());
    assert!(decode(GOOD).expect("it is right").enqueue().is_err(), "no scope");
}
