//! Every option is the method of its name.

use airlock::{Bound, EnqueueError};

use super::Error;
use crate::support::{Ran, fail, note, quiet};

#[airlock::scoped(release_all, on_failure = airlock::OnFailure::Stop)]
fn releases(ran: &Ran) -> Result<(), Error> {
    ran.scope().run(|| note::enqueue(5))??;
    assert_eq!(ran.list(), ["note 5"], "released");
    Err(Error::Own)
}

#[test]
fn every_option_is_the_method_of_its_name() {
    #[airlock::scoped(
        named = "checkout",
        policy = BlockTasks(quiet),
        executor = executor.inline(),
        on_failure = Continue,
        flush_if = |_| true,
        release = |_| false,
        limit = 3,
        on_report = on_report,
    )]
    fn checkout(
        executor: &Ran,
        on_report: impl Fn(&airlock::Report) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        quiet::enqueue(1)?;
        fail::enqueue(2)?;
        note::enqueue(3)?;
        assert!(matches!(note::enqueue(4), Err(EnqueueError::Full(_, Bound::Intents(3)))));
        Err(Error::Own)
    }
    let (ran, reports) = (Ran::new(), crate::support::Reports::new());
    let error = checkout(&ran, reports.keep()).expect_err("it fails, and so does its flush");
    assert!(matches!(error, Error::Flush(_)), "{error}");
    assert_eq!(reports.only().scope(), Some("checkout"));
    assert_eq!(ran.list(), ["fail 2", "note 3"]);
    assert!(releases(&Ran::new()).is_err());
}
