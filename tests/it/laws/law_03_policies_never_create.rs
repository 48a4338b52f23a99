//! Law 3: **Policies judge, they never create.** Enqueuing from inside a policy is an error (`InPolicy`).

use std::sync::Mutex;

use airlock::{
    EnqueueError, FlushId, Intent, Memory, Occasion, Policy, PolicyViolation, Sealed, Verdict,
};

use crate::support::{Ran, block_on, fail, note, quiet};

/// Tries to enqueue wherever a policy is asked.
#[derive(Default)]
struct Meddler {
    attempts: Mutex<Vec<Result<(), EnqueueError>>>,
}

impl Meddler {
    fn meddle(&self) {
        let direct = quiet::enqueue(100);
        let nested = airlock::scope().run(|| quiet::enqueue(101)).expect("nothing to flush");
        let under_policy = airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(102));
        let in_future = block_on(airlock::scope().run_async(async { quiet::enqueue(103) }));
        let in_future = in_future.expect("nothing to flush");
        assert!(airlock::current().is_none(), "no handle could create behind a policy's back");
        self.attempts.lock().expect("not poisoned").extend([
            direct,
            nested,
            under_policy,
            in_future,
        ]);
    }
}

impl Policy for Meddler {
    fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
        self.meddle();
        Ok(())
    }

    fn allows(&self, _: &Intent) -> Verdict {
        self.meddle();
        Verdict::Allow
    }
}

struct MeddlingMemory(std::sync::Arc<Meddler>);

impl Policy for MeddlingMemory {
    fn name(&self) -> std::borrow::Cow<'static, str> {
        "MeddlingMemory".into()
    }

    fn memory(&self) -> Option<Box<dyn Memory>> {
        self.0.meddle();
        Some(Box::new(Meddling(self.0.clone())))
    }
}

struct Meddling(std::sync::Arc<Meddler>);

impl Memory for Meddling {
    fn allows(&mut self, _: &Intent, _: Occasion) -> Verdict {
        self.0.meddle();
        Verdict::Allow
    }

    fn has_stayed(&mut self, _: &Intent, _: FlushId) {
        self.0.meddle();
    }

    fn has_ended(&mut self, _: FlushId) {
        self.0.meddle();
    }

    fn duplicate(&self) -> Box<dyn Memory> {
        self.0.meddle();
        Box::new(Self(self.0.clone()))
    }
}

#[track_caller]
fn assert_all_in_policy(meddler: &Meddler, at_least: usize) {
    let attempts = meddler.attempts.lock().expect("not poisoned");
    assert!(attempts.len() >= at_least, "it was asked {} times", attempts.len());
    for attempt in attempts.iter() {
        let error = attempt.as_ref().expect_err("a policy can't enqueue");
        assert!(matches!(error, EnqueueError::InPolicy(_)), "{error}");
        assert!(error.to_string().contains("from inside a policy"), "{error}");
    }
}

#[test]
fn a_policy_cannot_enqueue_whatever_it_is_asked() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let ran = Ran::new();
    ran.scope()
        .policy(meddler.clone())
        .run(|| {
            note::enqueue(1)?;
            let handle = airlock::current().expect("inside a scope");
            assert_eq!(handle.inspect().own().len(), 1);
            note::enqueue(2)
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1", "note 2"]);
    // Two enqueues, an inspection of one intent and a flush of two; four attempts each.
    assert_all_in_policy(&meddler, 5 * 4);
}

#[test]
fn it_holds_in_a_memory_in_its_making_and_its_copying() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let ran = Ran::new();
    let (_, sealed) = ran.scope().policy(MeddlingMemory(meddler.clone())).seal(|| {
        note::enqueue(1)?;
        fail::enqueue(2)
    });
    assert_eq!(sealed.inspect().own().len(), 2);
    sealed.flush().expect_err("the second fails");
    assert_eq!(ran.list(), ["note 1", "fail 2"]);
    // Made, copied, asked twice at the inspection and at the flush, told of one that stayed and of the end.
    assert_all_in_policy(&meddler, 8 * 4);
}

#[test]
fn it_holds_in_a_release_rule() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let asked = meddler.clone();
    let ran = Ran::new();
    ran.scope()
        .release(move |_| {
            asked.meddle();
            false
        })
        .run(|| airlock::scope().run(|| note::enqueue(1)).expect("captured"))
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
    assert_all_in_policy(&meddler, 4);
}

#[test]
fn it_ends_with_the_policy_even_when_that_refuses_or_panics() {
    struct Grumpy;
    impl Policy for Grumpy {
        fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
            match intent.arguments_of::<note>() {
                Some((1,)) => Err(PolicyViolation::new("one is enough")),
                Some((2,)) => panic!("two is too many"),
                _ => Ok(()),
            }
        }
    }
    let ran = Ran::new();
    ran.scope()
        .policy(Grumpy)
        .run(|| {
            assert!(matches!(note::enqueue(1), Err(EnqueueError::Refused(..))));
            let panic = crate::support::panic_of(|| note::enqueue(2));
            assert_eq!(panic, "two is too many");
            note::enqueue(3)?;
            // The policy is still in force.
            assert!(matches!(note::enqueue(1), Err(EnqueueError::Refused(..))));
            Ok::<_, EnqueueError>(())
        })
        .expect("flushed")
        .expect("enqueued");
    assert_eq!(ran.list(), ["note 3"]);
}

/// A policy that flushes what was sealed before would put effects where it judges.
#[test]
fn it_holds_for_a_sealed_scope_that_a_policy_flushes() {
    struct Hoarder(Mutex<Option<Sealed>>);
    impl Policy for Hoarder {
        fn on_enqueue(&self, _: &Intent) -> Result<(), PolicyViolation> {
            if let Some(sealed) = self.0.lock().expect("not poisoned").take() {
                let _handed_back = sealed.flush();
            }
            Ok(())
        }
    }
    let (_, sealed) = airlock::scope().seal(|| quiet::enqueue(1));
    let (_, outer) =
        airlock::scope().policy(Hoarder(Mutex::new(Some(sealed)))).seal(|| quiet::enqueue(2));
    let held: Vec<_> = outer.intents().map(ToString::to_string).collect();
    outer.discard();
    assert_eq!(held, ["it::support::quiet(n: 2)"]);
}

#[test]
fn a_policy_that_flushes_is_refused_and_loses_nothing() {
    struct Flushes(std::sync::Mutex<Option<airlock::Sealed>>, Ran);
    impl Policy for Flushes {
        fn allows(&self, _: &Intent) -> Verdict {
            if let Some(sealed) = self.0.lock().expect("not poisoned").take() {
                let error = sealed.flush().expect_err("policies judge");
                self.1.push(format!("{} handed back", error.into_intents().len()));
            }
            Verdict::Allow
        }
    }
    let ran = Ran::new();
    let (_, sealed) = airlock::scope().seal(|| quiet::enqueue(1));
    let policy = Flushes(std::sync::Mutex::new(Some(sealed)), ran.clone());
    airlock::scope().policy(policy).run(|| quiet::enqueue(2)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["1 handed back"]);
}
