//! Policies without a scope of their own.

use airlock::{AllowAll, DropAll, EnqueueError, block_tasks};

use crate::support::{Ran, Reports, anote, block_on, fates, note, quiet, yield_once};

#[test]
fn it_judges_what_is_enqueued_inside_at_the_scopes_flush() {
    let (ran, reports) = (Ran::new(), Reports::new());
    ran.scope()
        .on_report(reports.keep())
        .run(|| {
            note::enqueue(1)?;
            let value = airlock::policy(DropAll).run(|| note::enqueue(2).map(|()| 7))?;
            assert_eq!(value, 7);
            note::enqueue(3)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 3"]);
    assert_eq!(fates(&reports.only())[1], "note: dropped by DropAll");
}

#[test]
fn it_has_no_buffer_of_its_own() {
    let ran = Ran::new();
    ran.scope()
        .run(|| {
            let failed = airlock::policy(AllowAll).run(|| {
                note::enqueue(1).expect("enqueued");
                let scope = airlock::current().expect("inside").inspect();
                assert_eq!((scope.own().len(), scope.captured().len()), (1, 0));
                Err::<(), _>("only a scope discards")
            });
            assert!(failed.is_err());
        })
        .expect("flushed");
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn policies_stack_innermost_first() {
    let ran = Ran::new();
    ran.scope()
        .policy(block_tasks![quiet].refuse())
        .run(|| {
            airlock::policy(block_tasks![note].refuse()).run(|| {
                airlock::policy(block_tasks![note]).run(|| {
                    assert!(matches!(note::enqueue(1), Err(EnqueueError::Refused(..))));
                    assert!(matches!(quiet::enqueue(2), Err(EnqueueError::Refused(..))));
                    anote::enqueue(3)
                })
            })
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["anote 3"]);
}

#[test]
fn it_holds_across_polls_and_for_its_future_only() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        let blocked = airlock::policy(DropAll).run_async(async {
            note::enqueue(1)?;
            yield_once().await;
            note::enqueue(2)
        });
        let open = async {
            note::enqueue(3)?;
            yield_once().await;
            note::enqueue(4)
        };
        let (blocked, open) = futures::join!(blocked, open);
        blocked.and(open)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 3", "note 4"]);
}

#[airlock::policy(BlockTasks(note))]
fn without_notes(n: u64) -> Result<u64, EnqueueError> {
    note::enqueue(n)?;
    anote::enqueue(n)?;
    Ok(n)
}

#[airlock::policy((LogOnFlush::default(), DropAll))]
async fn without_effects<T: Into<u64>>(n: T) -> Result<(), EnqueueError> {
    yield_once().await;
    note::enqueue(n.into())
}

struct Shop(u64);

impl Shop {
    #[airlock::policy(block_tasks![note].refuse())]
    fn refusing(&self) -> bool {
        note::enqueue(self.0).is_err()
    }

    #[airlock::policy(DropAll)]
    fn later(&self) -> impl Future<Output = Result<(), EnqueueError>> + use<'_> {
        async { note::enqueue(self.0) }
    }
}

#[test]
fn the_attribute_does_the_same() {
    let ran = Ran::new();
    let run = ran.scope().run_async(async {
        assert_eq!(without_notes(1)?, 1);
        without_effects(2_u8).await?;
        assert!(Shop(3).refusing());
        Shop(4).later().await?;
        note::enqueue(5)
    });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["anote 1", "note 5"]);
    assert!(matches!(without_notes(1), Err(EnqueueError::NoScope(_))), "it is no scope");
}

#[airlock::scoped(executor = ran.inline())]
#[airlock::policy(DropAll)]
fn both(ran: &Ran) -> Result<(), Box<dyn std::error::Error>> {
    note::enqueue(1)?;
    assert!(ran.list().is_empty());
    Ok(())
}

#[test]
fn it_stacks_with_scoped() {
    let ran = Ran::new();
    both(&ran).expect("flushed");
    assert!(ran.list().is_empty());
}
