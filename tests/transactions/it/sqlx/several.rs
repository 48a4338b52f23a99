//! Transactions in several databases.

use airlock::transaction::{Guard, Settings, TransactionError, commit_all};

use super::shop::{Shop, insert, insert_orphan};
use super::unheard::{Answer, Unheard};

#[tokio::test]
async fn effects_leave_when_the_last_has_committed() {
    let (one, two) = (Shop::open().await, Shop::open().await);
    let mut first = one.database().begin().await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    insert(&mut second, 2).await.expect("inserted");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    commit_all([("shop", first.into()), ("stock", second.into())]).await.expect("committed");
    assert_eq!((one.orders().await, one.mails.sent()), (vec![1], vec![1]));
    assert_eq!((two.orders().await, two.mails.sent()), (vec![2], vec![2]));
}

#[tokio::test]
async fn if_the_first_fails_all_are_rolled_back_and_discarded() {
    let (one, two) = (Shop::open().await, Shop::open().await);
    let mut first = one.database().begin().await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    insert_orphan(&mut first, 1).await.expect("deferred");
    insert(&mut second, 2).await.expect("inserted");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let error = committed.expect_err("a constraint");
    assert!(matches!(error, TransactionError::Database(_)), "{error}");
    assert!(error.to_string().starts_with("can't commit to `shop` (sqlite:"), "{error}");
    assert_eq!((one.orders().await, two.orders().await), (vec![], vec![]));
    assert_eq!((one.mails.sent(), two.mails.sent()), (vec![], vec![]));
    assert_eq!(one.reports.fates(), ["discarded: rolled back"]);
    assert_eq!(two.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn if_a_later_one_fails_the_error_says_which_are_committed_and_hands_effects_back() {
    let shops = [Shop::open().await, Shop::open().await, Shop::open().await];
    let [one, two, three] = &shops;
    let mut first = one.database().begin().await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    let mut third = three.database().begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    insert_orphan(&mut second, 2).await.expect("deferred");
    insert(&mut third, 3).await.expect("inserted");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    third.run(|_| three.mails.enqueue(3)).expect("in a scope");
    let parts = [("shop", first.into()), ("stock", second.into()), ("audit", third.into())];
    let Err(TransactionError::Several(error)) = commit_all(parts).await else {
        panic!("the second fails")
    };
    assert_eq!(error.committed(), ["shop"]);
    assert_eq!(error.rolled_back(), ["audit"]);
    let (name, failed) = error.failed().expect("one failed");
    assert_eq!((name, failed.is_certain()), ("stock", true));
    let text = error.to_string();
    assert!(
        text.starts_with("committed: `shop`; not committed: can't commit to `stock` (sqlite:"),
        "{text}"
    );
    assert!(
        text.contains("; rolled back: `audit`; 3 effects did not leave and are in this error"),
        "{text}"
    );
    let intents: Vec<_> = error.into_intents().iter().map(ToString::to_string).collect();
    assert!(
        intents[0].contains("order_id: 1") && intents[2].contains("order_id: 3"),
        "{intents:?}"
    );
    assert_eq!(one.orders().await, [1]);
    assert_eq!((two.orders().await, three.orders().await), (vec![], vec![]));
    for shop in &shops {
        assert_eq!(shop.mails.sent(), [0; 0]);
        assert_eq!(shop.reports.fates(), ["not attempted"]);
    }
}

#[tokio::test]
async fn rows_share_the_fate_of_their_own_transaction() {
    let (one, database) = Shop::with_queue().await;
    let (two, failing) = Shop::with_queue().await;
    let mut first = database.begin().await.expect("begun");
    let mut second = failing.begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    insert_orphan(&mut second, 2).await.expect("deferred");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let error = committed.expect_err("a constraint");
    assert_eq!((one.orders().await, one.jobs().await), (vec![1], vec![1]));
    assert_eq!((two.orders().await, two.jobs().await), (vec![], vec![]));
    assert_eq!(
        (one.reports.fates(), two.reports.fates()),
        (vec!["dispatched".into()], vec!["not attempted".into()])
    );
    assert_eq!(error.into_intents().len(), 1);
}

#[tokio::test]
async fn a_queue_that_can_t_be_written_to_rolls_all_back() {
    let (one, database) = Shop::with_queue().await;
    let two = Shop::open().await;
    let unset = two.database().queue(two.unset_queue().await);
    let mut first = database.begin().await.expect("begun");
    let mut second = unset.begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let error = committed.expect_err("no tables");
    assert!(matches!(error, TransactionError::Queue(_)), "{error}");
    assert_eq!((one.orders().await, one.jobs().await), (vec![], vec![]));
    assert_eq!(one.reports.fates(), ["discarded: rolled back"]);
}

#[tokio::test]
async fn effects_that_fail_after_all_commits_are_handed_back() {
    let (one, two) = (Shop::open().await, Shop::open().await);
    let mut first = one.database().begin().await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    first.run(|_| one.mails.enqueue_failing()).expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    insert(&mut second, 2).await.expect("inserted");
    let committed = commit_all([("shop", first.into()), ("stock", second.into())]).await;
    let error = committed.expect_err("mailbox full");
    assert!(error.is_committed(), "{error}");
    assert_eq!((two.orders().await, two.mails.sent()), (vec![2], vec![2]));
    assert_eq!(error.into_intents().len(), 1);
}

#[tokio::test]
async fn if_nobody_can_tell_of_the_first_the_error_says_that_the_others_are_rolled_back() {
    let (one, two) = (Shop::open().await, Shop::open().await);
    let begun = Unheard::of(&one, Answer::Lost).await;
    let mut first = Guard::new(begun, Settings::default()).await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    first.run(|_| one.mails.enqueue(1)).expect("in a scope");
    first.run_async(async |tx| insert(tx, 1).await).await.expect("inserted");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    insert(&mut second, 2).await.expect("inserted");
    let parts = [("shop", first.into()), ("stock", second.into())];
    let Err(TransactionError::Several(error)) = commit_all(parts).await else {
        panic!("nobody can tell")
    };
    let text = error.to_string();
    let said = "committed: none; unknown: can't tell whether `shop` (far away) committed: the line was \
                cut; rolled back: `stock`; 2 effects did not leave and are in this error";
    assert!(text.starts_with(said), "{text}");
    let (name, failed) = error.failed().expect("one failed");
    assert_eq!(
        (name, failed.is_certain(), error.rolled_back()),
        ("shop", false, &["stock".to_owned()][..])
    );
    assert_eq!(error.into_intents().len(), 2);
    assert_eq!((one.orders().await, two.orders().await), (vec![1], vec![]));
    assert_eq!((one.mails.sent(), two.mails.sent()), (vec![], vec![]));
}

/// Panics when it is asked whether an intent may leave.
struct Panics;

impl airlock::Policy for Panics {
    fn allows(&self, _: &airlock::Intent) -> airlock::Verdict {
        panic!("a policy of the user's")
    }
}

#[tokio::test]
async fn a_policy_that_panics_takes_nothing_of_the_others_along() {
    use airlock::InScope;

    let (one, two) = (Shop::open().await, Shop::open().await);
    let mut first =
        one.database().scope(|| airlock::scope().policy(Panics)).begin().await.expect("begun");
    let mut second = two.database().begin().await.expect("begun");
    insert(&mut first, 1).await.expect("inserted");
    insert(&mut second, 2).await.expect("inserted");
    async { one.mails.enqueue(1) }.in_scope(first.handle()).await.expect("in a scope");
    second.run(|_| two.mails.enqueue(2)).expect("in a scope");
    let parts = [("shop", first.into()), ("stock", second.into())];
    let panicked = tokio::spawn(async { commit_all(parts).await }).await.expect_err("it goes on");
    assert!(panicked.is_panic());
    assert_eq!((one.orders().await, one.mails.sent()), (vec![1], vec![]));
    assert_eq!((two.orders().await, two.mails.sent()), (vec![2], vec![2]));
}
