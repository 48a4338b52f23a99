//! What diesel shows of the error of a commit is its kind, and no SQLSTATE.

use airlock::BoxError;
use airlock::transaction::{Step, TransactionError};
use airlock_transactions::placing::send_mail;
use diesel::connection::SimpleConnection;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};

use super::shop::Shop;

/// Each is the error of a commit, and whether that is certainly none.
const ANSWERS: [(&str, &str, bool); 7] = [
    ("08P01", "server conn crashed?", false), // a proxy's
    ("40003", "nobody can tell", false),
    ("P0001", "of a trigger", false),
    ("23514", "an order without a customer", true),
    ("40001", "could not serialize access", true),
    ("40P01", "deadlock detected", true),
    ("25006", "a transaction that only reads", true),
];

/// A shop in which an order says what its commit answers.
async fn answering() -> Shop {
    let shop = Shop::open().await;
    let trigger = "
        ALTER TABLE orders ADD code text, ADD said text;
        CREATE FUNCTION answer() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN RAISE EXCEPTION USING ERRCODE = NEW.code, MESSAGE = NEW.said; END';
        CREATE CONSTRAINT TRIGGER answer AFTER INSERT ON orders
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.code IS NOT NULL)
            EXECUTE FUNCTION answer()";
    sqlx::raw_sql(trigger).execute(&shop.pool).await.expect("a trigger");
    shop
}

fn order(code: &str, said: &str) -> String {
    format!("INSERT INTO orders (id, code, said) VALUES (1, '{code}', '{said}')")
}

/// What is certainly not committed is discarded, and the rest handed back.
fn told(shop: &Shop, placed: Result<(), BoxError>, said: &str, certain: bool) {
    let error = placed.expect_err("the commit fails").downcast::<TransactionError>();
    let error = match error.map(|error| *error) {
        Ok(TransactionError::Database(error)) => error,
        error => panic!("{error:?}"),
    };
    assert!(error.to_string().contains(said), "{error}");
    assert_eq!((error.step(), error.is_certain()), (Step::Commit, certain), "{error}");
    assert_eq!(error.into_intents().len(), usize::from(!certain));
    let fate = if certain { "discarded: rolled back" } else { "not attempted" };
    assert_eq!(shop.fates().last().map(String::as_str), Some(fate));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn one_without_a_kind_is_not_certain() {
    let shop = answering().await;
    let database = airlock::diesel::Database::new().scope(shop.scope());
    let mut connection = super::diesel::connect(&shop.url);
    for (code, said, certain) in ANSWERS {
        let placed = database.transaction(&mut connection, |tx| {
            tx.batch_execute(&order(code, said))?;
            Ok(send_mail::enqueue(1)?)
        });
        told(&shop, placed, said, certain);
    }
    assert_eq!((shop.orders().await, shop.fates().len()), (vec![], ANSWERS.len()));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn so_it_is_with_diesel_async() {
    let shop = answering().await;
    let database = airlock::diesel_async::Database::new().scope(shop.scope());
    let mut connection = AsyncPgConnection::establish(&shop.url).await.expect("connected");
    for (code, said, certain) in ANSWERS {
        let placed = database.transaction(&mut connection, async |tx: &mut AsyncPgConnection| {
            tx.batch_execute(&order(code, said)).await?;
            Ok(send_mail::enqueue(1)?)
        });
        told(&shop, placed.await, said, certain);
    }
    assert_eq!((shop.orders().await, shop.fates().len()), (vec![], ANSWERS.len()));
}
