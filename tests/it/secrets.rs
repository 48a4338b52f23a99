//! A `#[secret]` argument shows nowhere.

use std::fmt::Write as _;

use airlock::{DropAll, Intent};

use crate::support::{Reports, panic_of};

const SECRET: &str = "hunter2";

#[airlock::task(name = "secrets.login")]
fn login(user: String, #[secret] password: String) -> Result<(), &'static str> {
    assert_eq!(password, SECRET, "the task itself gets it");
    if user == "eve" { Err("denied") } else { Ok(()) }
}

#[derive(Clone, Debug, PartialEq)]
struct Vault {
    code: &'static str,
}

#[airlock::task(name = "secrets.open", local)]
fn open(#[secret] vault: Vault) {
    assert_eq!(vault.code, SECRET);
}

fn intent(user: &str) -> Intent {
    login::intent(user.into(), SECRET.into())
}

/// All that can be seen of what goes wrong with a policy, outside a scope, and so on.
fn everything_that_shows() -> String {
    let mut seen = String::new();
    let mut see =
        |what: &dyn std::fmt::Debug| writeln!(seen, "{what:?} {what:#?}").expect("a string");

    let refused = [
        intent("ann").enqueue(),
        airlock::scope().limit(0).run(|| intent("ann").enqueue()).expect("nothing to flush"),
        airlock::scope()
            .policy(airlock::AssertNoEffects)
            .run(|| intent("ann").enqueue())
            .expect("nothing to flush"),
        open::enqueue(Vault { code: SECRET }),
    ];
    for refused in refused {
        let error = refused.expect_err("refused");
        see(&(error.to_string(), error.arguments()));
        see(&error);
    }

    for one in [intent("ann").queue("bulk"), open::intent(Vault { code: SECRET })] {
        see(&(one.to_string(), one.arguments(), &one));
    }

    let reports = Reports::new();
    let (_, sealed) = airlock::scope().on_report(reports.keep()).policy(DropAll).seal(|| {
        intent("ann").enqueue()?;
        let inspection = airlock::current().expect("inside");
        see(&(inspection.to_string(), inspection.inspect()));
        open::enqueue(Vault { code: SECRET })
    });
    see(&(sealed.to_string(), &sealed, sealed.inspect().to_string()));
    let report = sealed.flush().expect("dropped");
    see(&(report.to_string(), &report, report.to_json()));
    for entry in report.entries() {
        see(&(entry.to_string(), entry, entry.arguments()));
    }
    see(&reports.only());

    let error = airlock::scope().run(|| intent("eve").enqueue()).expect_err("denied");
    see(&(error.to_string(), &error, error.report().to_json()));
    see(&error.into_parts());

    let (_, effects) = airlock::testing::capture(|| {
        intent("ann").enqueue()?;
        open::enqueue(Vault { code: SECRET })
    });
    see(&(effects.to_string(), &effects, effects.to_json(), effects.inspection()));
    see(&panic_of(|| airlock::assert_enqueued!(effects, login("bob".into(), SECRET.into()))));
    see(&panic_of(|| airlock::assert_not_enqueued!(effects, login("ann".into(), SECRET.into()))));
    see(&panic_of(|| airlock::assert_effects!(effects, [login("ann".into(), "other".into())])));
    see(&panic_of(|| airlock::testing::assert_no_effects(|| intent("ann").enqueue().is_ok())));

    let registry = airlock::registry().expect("no two tasks have one name");
    for json in [
        r#"{"user": "ann", "password": ["hunter2"]}"#,
        r#"{"user": "ann", "password": {"hunter2": "hunter2"}}"#,
        r#"{"password": "hunter2"}"#,
        r#"{"password": "hunter2", "user": 1}"#,
        r#"{"password": "hunter2", "passwort": "hunter2"}"#,
        r#"{"password": "hunter2", "password": "hunter2"}"#,
        r#"{"password": "hunter2"#,
        r#"{"user": "ann", "password": "hunter2"} "hunter2""#,
        r#""hunter2""#,
    ] {
        let error = registry.decode("secrets.login", json).expect_err("wrong");
        see(&(error.to_string(), &error));
    }
    seen
}

#[test]
fn a_secret_shows_nowhere() {
    let seen = everything_that_shows();
    let shown: Vec<_> = seen.lines().filter(|line| line.contains(SECRET)).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
    assert!(seen.matches("[secret]").count() > 30, "it was looked at");
    assert!(seen.contains("ann"), "what is no secret is shown");
}

#[test]
fn a_secret_travels_and_arrives() {
    let json = intent("ann").to_json().expect("it has JSON");
    assert_eq!(json, r#"{"user":"ann","password":"hunter2"}"#);
    let decoded =
        airlock::registry().expect("unique").decode("secrets.login", &json).expect("right");
    airlock::scope().run(|| decoded.enqueue()).expect("flushed").expect("enqueued");
    airlock::scope()
        .run(|| open::enqueue(Vault { code: SECRET }))
        .expect("flushed")
        .expect("enqueued");
}

#[test]
fn a_policy_may_look_at_a_secret() {
    let long_enough = |intent: &Intent| match intent.arguments_of::<login>() {
        Some((_, password)) if password.len() < 12 => airlock::Verdict::Drop,
        _ => airlock::Verdict::Allow,
    };
    let (_, sealed) = airlock::scope().policy(long_enough).seal(|| intent("ann").enqueue());
    assert_eq!(sealed.flush().expect("dropped").dropped(), 1);
}
