//! Old and new binaries side by side: what one makes of the other's messages.
//!
//! A binary has one task of a name. Here the older and the newer are two tasks, and what one of them
//! has written is read as the other's.

use std::cell::Cell;

use airlock::{Intent, Task, registry};

use crate::support::{Ran, short};

#[airlock::task(name = "versions.plain")]
fn plain(order_id: u64) {
    let _ = order_id;
}

#[airlock::task(name = "versions.with_note")]
fn with_note(order_id: u64, note: String) {
    drop((order_id, note));
}

/// `plain` of a later day.
#[airlock::task(name = "versions.grown")]
fn grown(
    #[state] ran: &Ran,
    #[default(7 + START)] retries: u8,
    order_id: u64,
    #[default] note: String,
    #[default(Some("en".into()))] language: Option<String>,
    #[secret]
    #[default(counted())]
    token: String,
) {
    ran.push(format!("{retries} {order_id} {note:?} {language:?} {token}"));
}

const START: u8 = 2;

thread_local! {
    static COUNTED: Cell<u32> = const { Cell::new(0) };
}

fn counted() -> String {
    let count = COUNTED.get();
    COUNTED.set(count + 1);
    count.to_string()
}

/// `with_note` of a later day.
#[airlock::task(name = "versions.shrunk", removed = ["note", "other"])]
fn shrunk(order_id: u64) {
    let _ = order_id;
}

/// What `T`'s binary makes of a message.
fn read<T: Task>(json: &str) -> Result<Intent, String> {
    let registry = registry().expect("no task is there twice");
    registry.decode(T::NAME, json).map_err(|error| error.to_string())
}

fn arguments_of_grown(json: &str) -> (u8, u64, String, Option<String>, String) {
    let intent = read::<grown>(json).expect("it can be read");
    intent.arguments_of::<grown>().expect("it is this task's").clone()
}

#[test]
fn an_added_argument_has_its_default_in_an_older_message() {
    let old = plain::intent(42).to_json().expect("it has JSON");
    assert_eq!(old, r#"{"order_id":42}"#);
    let (retries, order_id, note, language, first) = arguments_of_grown(&old);
    assert_eq!((retries, order_id, &*note, language.as_deref()), (9, 42, "", Some("en")));
    // A default is worked out for each message that needs it, and for no other.
    let (.., second) = arguments_of_grown(&old);
    assert_eq!((&*first, &*second), ("0", "1"));
    let newer = r#"{"order_id":42,"retries":1,"note":"n","language":null,"token":"t"}"#;
    assert_eq!(arguments_of_grown(newer), (1, 42, "n".into(), None, "t".into()));
    assert_eq!(COUNTED.get(), 2);
}

#[test]
fn what_has_its_default_runs_like_any_other() {
    #[airlock::task(name = "versions.run")]
    fn run(#[state] ran: &Ran, n: u64, #[default(5)] more: u64) {
        ran.push(format!("{n} and {more}"));
    }
    let ran = Ran::new();
    let inline = airlock::Inline::builder().state(ran.clone());
    let inline = inline.serving(airlock::tasks![run]).build().expect("it is complete");
    let old = read::<run>(r#"{"n":1}"#).expect("it can be read");
    airlock::scope().executor(inline).run(|| old.enqueue()).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["1 and 5"]);
}

#[test]
fn an_added_argument_without_a_default_is_missing_from_an_older_message() {
    let old = plain::intent(42).to_json().expect("it has JSON");
    let error = read::<with_note>(&old).expect_err("it lacks one");
    assert_eq!(error, "`versions.with_note` lacks its argument `note`");
}

#[test]
fn a_default_is_for_absence_only() {
    let error = read::<grown>(r#"{"order_id":42,"retries":"many"}"#).expect_err("a string");
    assert!(error.starts_with("the argument `retries` of `versions.grown` has the wrong type"));
    let error = read::<grown>(r#"{"order_id":42,"note":null}"#).expect_err("null is a value");
    assert!(error.starts_with("the argument `note` of `versions.grown` has the wrong type"));
    let error = read::<grown>(r#"{"order_id":42,"retries":1,"retries":2}"#).expect_err("twice");
    assert_eq!(error, "the argument `retries` of `versions.grown` is given twice");
}

#[test]
fn a_removed_argument_is_ignored_in_an_older_message() {
    let old = with_note::intent(42, "leave it at the door".into()).to_json().expect("JSON");
    let intent = read::<shrunk>(&old).expect("the note is ignored");
    assert_eq!(short(&intent), "shrunk(order_id: 42)");
    // Whatever it is, for nobody knows its type any more.
    for other in ["null", "[[], {\"a\": [1.5e300]}]", "\"\\u00e4\"", "18446744073709551616"] {
        let old = format!(r#"{{"other":{other},"order_id":42,"note":{other}}}"#);
        let intent = read::<shrunk>(&old).unwrap_or_else(|error| panic!("{other}: {error}"));
        assert!(intent.is_same(&shrunk::intent(42)));
    }
    // What is no JSON is none there either.
    let error = read::<shrunk>(r#"{"order_id":42,"note":[}"#).expect_err("no JSON");
    assert!(error.starts_with("the arguments of `versions.shrunk` are no JSON object"), "{error}");
}

#[test]
fn a_removed_argument_that_is_not_listed_is_refused() {
    let old = with_note::intent(42, "leave it at the door".into()).to_json().expect("JSON");
    let error = read::<plain>(&old).expect_err("one too many");
    assert_eq!(error, "`versions.plain` has no argument `note`: it takes `order_id`");
    let error = read::<shrunk>(r#"{"order_id":42,"notes":1}"#).expect_err("not on the list");
    assert!(error.starts_with("`versions.shrunk` has no argument `notes`"), "{error}");
}

#[test]
fn an_older_binary_refuses_what_was_added_and_the_newer_one_takes_the_same_message() {
    let new = grown::intent(1, 42, "fragile".into(), None, "t".into());
    let json = new.to_json().expect("it has JSON");
    let error = read::<plain>(&json).expect_err("the older one knows no such arguments");
    assert_eq!(error, "`versions.plain` has no argument `retries`: it takes `order_id`");
    // The worker keeps the message as it is; after the deployment it is read by the newer binary.
    assert!(read::<grown>(&json).expect("it is the newer one's").is_same(&new));
}

#[test]
fn a_task_says_what_a_message_may_lack_and_what_it_may_carry() {
    let grown = read::<grown>(r#"{"order_id":1}"#).expect("it can be read");
    let parameters = grown.task().parameters().iter();
    let defaults: Vec<_> = parameters.map(|it| (it.name(), it.has_default())).collect();
    let expected = [
        ("retries", true),
        ("order_id", false),
        ("note", true),
        ("language", true),
        ("token", true),
    ];
    assert_eq!(defaults, expected);
    assert!(grown.task().parameters()[4].is_secret());
    assert_eq!(shrunk::intent(1).task().removed(), ["note", "other"]);
    assert!(plain::intent(1).task().removed().is_empty());
}

/// `with_note` of a later day, under other names.
#[airlock::task(name = "versions.renamed", also = ["versions.former", "versions.first"])]
fn renamed(#[also("order_id", "order")] id: u64, #[also("note")] remark: String) {
    drop((id, remark));
}

#[test]
fn former_names_are_read() {
    let registry = registry().expect("no task is there twice");
    for (task, json) in [
        ("versions.renamed", r#"{"id":1,"remark":"x"}"#),
        ("versions.former", r#"{"order_id":1,"note":"x"}"#),
        ("versions.first", r#"{"note":"x","order":1}"#),
    ] {
        let intent = registry.decode(task, json).expect("it is read");
        assert_eq!(intent.to_string(), r#"versions.renamed(id: 1, remark: "x")"#);
    }
    assert_eq!(
        read::<renamed>(r#"{"id":1,"order":2,"remark":"x"}"#).expect_err("twice"),
        "the argument `id` of `versions.renamed` is given twice"
    );
    let info = registry.find("versions.first").expect("known");
    assert_eq!(
        (info.name(), info.also()),
        ("versions.renamed", &["versions.former", "versions.first"][..])
    );
    assert_eq!(info.parameters()[0].also(), ["order_id", "order"]);
    // In a configuration as well.
    let blocked = airlock::BlockTasks::named(["versions.former"]).expect("known");
    let (_, sealed) = airlock::scope().policy(blocked).seal(|| renamed::enqueue(1, "x".to_owned()));
    assert_eq!(sealed.flush().expect("dropped").dropped(), 1);
}
