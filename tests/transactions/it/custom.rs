//! With a library that airlock does not know, whose transaction implements `Begun`.

use airlock::transaction::{
    Begun, CommitError, Committed, DatabaseError, Guard, Queue, Settings, Step, TransactionError,
    commit_all, run,
};
use airlock::{Batch, BoxError, DispatchError, DropAll};

/// Orders that are there once they are committed. It refuses order 0, and does not answer for order 99.
#[derive(Default)]
struct Ledger(Vec<i64>);

struct Tx<'l> {
    ledger: &'l mut Ledger,
    written: Vec<i64>,
}

impl Ledger {
    fn begin(&mut self) -> Tx<'_> {
        Tx { ledger: self, written: Vec::new() }
    }
}

impl Begun for Tx<'_> {
    type Connection = Vec<i64>;

    fn connection(&mut self) -> &mut Vec<i64> {
        &mut self.written
    }

    fn place(&self) -> String {
        "the ledger".to_owned()
    }

    fn is_nested(&mut self) -> bool {
        false
    }

    async fn check(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn commit(self) -> Result<(), CommitError> {
        if self.written.contains(&0) {
            return Err(CommitError::rolled_back("0 is no order"));
        }
        if self.written.contains(&99) {
            return Err(CommitError::unknown("the line was cut"));
        }
        self.ledger.0.extend(self.written);
        Ok(())
    }

    async fn rollback(self) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Its jobs are orders with the number 7.
struct Jobs;

impl Queue<Vec<i64>> for Jobs {
    async fn push(&self, orders: &mut Vec<i64>, batch: &mut Batch) -> Result<(), DispatchError> {
        orders.extend(batch.iter().map(|_| 7));
        Ok(())
    }
}

/// Fails where there is no such order.
#[airlock::task]
fn send_mail(order: i64) -> Result<(), &'static str> {
    if order < 0 { Err("mailbox full") } else { Ok(()) }
}

/// Writes an order, enqueues its mail and commits.
async fn place(
    ledger: &mut Ledger,
    settings: Settings<Vec<i64>>,
    order: i64,
    mail: i64,
) -> Result<(), TransactionError> {
    let mut tx = Guard::new(ledger.begin(), settings).await?;
    tx.run(|orders| orders.push(order));
    tx.run(|_| send_mail::enqueue(mail)).expect("a scope");
    tx.commit().await
}

fn database_error(placed: Result<(), TransactionError>) -> DatabaseError {
    match placed {
        Err(TransactionError::Database(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_commit_that_is_refused_is_rolled_back_for_certain() {
    let mut ledger = Ledger::default();
    let error = database_error(place(&mut ledger, Settings::default(), 0, 0).await);
    assert_eq!((error.step(), error.place()), (Step::Commit, "the ledger"));
    assert_eq!(error.to_string(), "can't commit to the ledger: 0 is no order");
    assert!(error.is_certain());
    assert!(error.into_intents().is_empty());
    assert!(ledger.0.is_empty());
}

#[tokio::test]
async fn a_commit_without_an_answer_hands_the_effects_back() {
    let error = database_error(place(&mut Ledger::default(), Settings::default(), 99, 99).await);
    assert!(error.to_string().starts_with("can't tell whether the ledger committed"), "{error}");
    assert!(!error.is_certain());
    assert_eq!(error.into_intents().len(), 1);
}

#[tokio::test]
async fn settings_give_a_display_name_a_scope_and_a_queue() {
    let named = Settings::default().place("the ledger of today");
    let error = database_error(place(&mut Ledger::default(), named, 0, 0).await);
    assert_eq!(error.to_string(), "can't commit to the ledger of today: 0 is no order");

    let quiet = Settings::default().scope(|| airlock::scope().policy(DropAll));
    place(&mut Ledger::default(), quiet, 42, -1).await.expect("the mail is dropped");

    let mut ledger = Ledger::default();
    place(&mut ledger, Settings::default().queue(Jobs), 42, 42).await.expect("committed");
    assert_eq!(ledger.0, [42, 7]);
}

#[tokio::test]
async fn effects_that_fail_after_the_commit_are_in_the_error() {
    let mut ledger = Ledger::default();
    let error = place(&mut ledger, Settings::default(), 42, -1).await.expect_err("mailbox full");
    assert!(error.is_committed());
    assert_eq!(error.into_intents().len(), 1);
    assert_eq!(ledger.0, [42]);

    let committed = committed(&mut ledger).await;
    assert_eq!(committed.error().report().failed(), 1);
    assert_eq!(committed.into_error().into_intents().len(), 1);
}

async fn committed(ledger: &mut Ledger) -> Committed {
    let settings = Settings::default();
    let placed = run(ledger.begin(), &settings, async |_: &mut Vec<i64>| {
        send_mail::enqueue(-1)?;
        Ok::<_, BoxError>(())
    });
    let error = placed.await.expect_err("mailbox full").downcast::<TransactionError>();
    match *error.expect("airlock's error") {
        TransactionError::Committed(committed) => committed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn of_several_the_error_says_what_became_of_each() {
    let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    let mut one = Guard::new(shop.begin(), Settings::default()).await.expect("begun");
    let mut two = Guard::new(stock.begin(), Settings::default()).await.expect("begun");
    one.run(|_| send_mail::enqueue(42)).expect("a scope");
    two.run(|orders| orders.push(0));
    let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    let Err(TransactionError::Several(error)) = committed else { panic!("{committed:?}") };
    assert_eq!((error.committed(), error.rolled_back()), (&["shop".to_owned()][..], &[][..]));
    let (name, failed) = error.failed().expect("one failed");
    assert_eq!((name, failed.is_certain()), ("stock", true));
    assert_eq!(error.errors()[0].report().not_attempted(), 1);
    assert_eq!(error.into_intents().len(), 1);
}

#[test]
fn an_error_says_the_next_step() {
    let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    assert_eq!(error.step(), Step::Begin);
    assert_eq!(error.to_string(), "can't begin a transaction in the ledger: it is locked");
    let error = error.with_next_step("close the other program");
    assert!(error.to_string().ends_with("it is locked: close the other program"), "{error}");
}

/// A database may say as much as it was given: a statement, or a row that it refuses.
#[test]
fn what_a_database_says_at_length_is_cut_and_the_next_step_stays() {
    for step in [Step::Begin, Step::Commit, Step::Rollback] {
        let error = DatabaseError::new(step, "the ledger", "x".repeat(5_000_000));
        let error = error.with_next_step("say less");
        for text in
            [error.to_string(), format!("{error:?}"), TransactionError::from(error).to_string()]
        {
            assert!(
                text.len() < 3_000 && text.ends_with("… (5000000 bytes): say less"),
                "{}",
                text.len()
            );
        }
    }
    let error = DatabaseError::new(Step::Commit, "the ledger", "x".repeat(5_000_000));
    let source = std::error::Error::source(&error).expect("what it said");
    assert_eq!(source.to_string().len(), 5_000_000, "all of it");
}

#[tokio::test]
async fn the_effects_of_a_commit_without_an_answer_say_it_cut() {
    struct Silent(());
    impl Begun for Silent {
        type Connection = ();
        fn connection(&mut self) -> &mut () {
            &mut self.0
        }
        fn place(&self) -> String {
            "the ledger".to_owned()
        }
        fn is_nested(&mut self) -> bool {
            false
        }
        async fn check(&mut self) -> Result<(), BoxError> {
            Ok(())
        }
        async fn commit(self) -> Result<(), CommitError> {
            Err(CommitError::unknown("x".repeat(5_000_000)))
        }
        async fn rollback(self) -> Result<(), BoxError> {
            Ok(())
        }
    }
    let fates = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = fates.clone();
    let settings = Settings::default().scope(move || {
        let noted = noted.clone();
        airlock::scope().on_report(move |report| {
            noted
                .lock()
                .expect("unpoisoned")
                .push(report.to_string() + &report.to_json().to_string());
        })
    });
    let placed =
        run(Silent(()), &settings, async |(): &mut ()| Ok::<_, BoxError>(send_mail::enqueue(1)?));
    let error = placed.await.expect_err("no answer").to_string();
    assert!(error.len() < 3_000, "{}", error.len());
    let fates = fates.lock().expect("unpoisoned");
    assert_eq!(fates.len(), 1);
    assert!(fates[0].len() < 6_000, "{}", fates[0].len());
}
