//! Policies that can't travel: they are found at the border, and nothing is lost.

use airlock::{Coalesce, Intent, Limit, Policy, StaysHere, Travel, Verdict, block_tasks, scope};

use super::Texts;
use super::hops::{audit, mail, ship};

/// Why a flush under a policy to an engine fails; the intents come back.
#[track_caller]
fn refused(policy: impl Policy) -> String {
    let texts = Texts::default();
    let flushed = scope().policy(policy).executor(texts.clone()).run(|| ship::enqueue(1));
    let error = flushed.expect_err("it can't travel");
    assert!(texts.take().is_empty());
    let text = error.to_string();
    assert_eq!(error.into_intents().len(), 1);
    text
}

#[test]
fn one_that_can_t_travel_is_named() {
    fn closed(_: &Intent) -> Verdict {
        Verdict::Allow
    }
    let says = |text: &str, name: &str| {
        let named =
            format!("the policy `{name}` can't travel with the message: it is in force here");
        assert!(text.contains(&named), "{text}");
        assert!(text.contains("travelling.ship") && text.contains("`StaysHere(…)`"), "{text}");
    };
    says(&refused(Limit::per_flush(3)), "Limit");
    says(&refused(Coalesce), "Coalesce");
    says(&refused(closed), "closed");
    says(
        &refused(|_: &Intent| Verdict::Allow),
        "closure in it::travelling::borders::one_that_can_t_travel_is_named",
    );
    // Of several, the one that it is.
    says(&refused((block_tasks![mail], vec![Limit::per_flush(3)])), "Limit");
    says(&refused(Some(Box::new(Coalesce) as Box<dyn Policy>)), "Coalesce");
}

#[test]
fn inside_the_process_they_go_where_they_always_went() {
    let ran = scope().policy((Limit::per_flush(3), Coalesce)).run(|| mail::enqueue(1));
    ran.expect("flushed").expect("enqueued");
}

#[tokio::test]
async fn one_that_is_let_go_judges_here_only() {
    let texts = Texts::default();
    let both = (block_tasks![audit], StaysHere((Limit::per_flush(1), Coalesce)));
    texts.send(both, || [1, 2].into_iter().try_for_each(ship::enqueue)).await;
    let ran = texts.drain().await;
    let expected = ["ship", "mail", "mail_later", "mail"].map(|name| format!("travelling.{name}"));
    assert_eq!(ran, expected);
}

#[test]
fn names_of_policies_that_are_let_go_stay() {
    let report = scope().policy(StaysHere(block_tasks![mail])).seal(|| mail::enqueue(1)).1;
    let report = report.flush().expect("dropped");
    assert!(report.to_string().contains("BlockTasks"), "{report}");
}

/// Its settings are longer than a message may have them.
#[derive(serde::Serialize, serde::Deserialize)]
struct Long(String);

#[airlock::travels(name = "travelling.long")]
impl Policy for Long {}

/// No JSON has a map whose keys are lists.
#[derive(serde::Serialize, serde::Deserialize)]
struct Unwritable(std::collections::BTreeMap<Vec<u8>, u8>);

#[airlock::travels(name = "travelling.unwritable")]
impl Policy for Unwritable {}

#[test]
fn settings_are_bounded_and_json() {
    assert!(refused(Long("a".repeat(20_000))).contains(
        "the policy `travelling.long` can't travel with the message: the policies of the message would be 20042 bytes \
         long, and at most 16384 go along"
    ));
    let unwritable = refused(Unwritable([(vec![1], 2)].into()));
    assert!(unwritable.contains(
        "`travelling.unwritable` can't travel with the message: its settings have no JSON"
    ));
    let texts = Texts::default();
    let fits = scope().policy(Long("a".repeat(16_000))).executor(texts.clone());
    fits.run(|| ship::enqueue(1)).expect("flushed").expect("enqueued");
    assert!(texts.take()[0].policies().expect("some").len() > 16_000);
}

/// One that travels as what is inside it.
struct Both(airlock::BlockTasks, airlock::AllowAll);

impl Policy for Both {
    fn travel(&self) -> Travel {
        self.0.travel().and(self.1.travel())
    }
}

#[test]
fn a_policy_of_policies_travels_as_these() {
    let texts = Texts::default();
    let both = scope().policy(Both(block_tasks![mail], airlock::AllowAll)).executor(texts.clone());
    both.run(|| ship::enqueue(1)).expect("flushed").expect("enqueued");
    let policies = r#"[{"name":"BlockTasks","settings":{"tasks":["travelling.mail"]}}]"#;
    assert_eq!(texts.take()[0].policies(), Some(policies));
}

#[test]
fn an_inspection_says_what_travels() {
    let policies = (block_tasks![mail], airlock::AllowAll, airlock::DropAll);
    let (_, sealed) = scope().policy(policies).seal(|| {
        ship::enqueue(1)?;
        airlock::policy(Limit::per_flush(3)).run(|| ship::enqueue(2))
    });
    let inspection = sealed.inspect();
    let [free, limited] = inspection.own() else { panic!("two were enqueued") };
    assert_eq!(
        (free.travelling(), free.staying()),
        (&["BlockTasks".into(), "DropAll".into()][..], None)
    );
    assert_eq!((limited.travelling(), limited.staying()), (&[][..], Some("Limit")));
    sealed.discard();
}

/// An executor of the program's that writes arguments alone.
struct Bare;

impl airlock::Executor for Bare {
    async fn dispatch(&self, batch: &mut airlock::Batch) -> Result<(), airlock::DispatchError> {
        for index in 0..batch.len() {
            let only = |error: airlock::BoxError| airlock::DispatchError::only(index, error);
            if let Some(policies) = batch.policies(index).map_err(only)? {
                return Err(only(format!("no room for {policies}").into()));
            }
        }
        Ok(())
    }
}

#[test]
fn an_executor_of_ones_own_can_ask() {
    let flushed = |policy: Box<dyn Policy>| {
        let scope = scope().policy(policy).executor(Bare);
        scope.run(|| ship::enqueue(1)).map_err(|error| error.to_string())
    };
    flushed(Box::new(airlock::AllowAll)).expect("nothing goes along").expect("enqueued");
    let refused = flushed(Box::new(block_tasks![mail])).expect_err("it can't");
    assert!(refused.contains(r#"no room for [{"name":"BlockTasks""#), "{refused}");
    let refused = flushed(Box::new(Coalesce)).expect_err("it can't");
    assert!(refused.contains("the policy `Coalesce` can't travel"), "{refused}");
}
