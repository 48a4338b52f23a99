//! Policies made of policies, and of closures.

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::intent::Intent;
use crate::core::policy::{Judge, Occasion, Policy, PolicyViolation, Verdict, short_name};

/// A closure is asked at flush.
impl<F: Fn(&Intent) -> Verdict + Send + Sync + 'static> Policy for F {
    fn allows(&self, intent: &Intent) -> Verdict {
        self(intent)
    }

    fn name(&self) -> Cow<'static, str> {
        short_name(std::any::type_name::<F>())
    }
}

macro_rules! delegate {
    () => {
        fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
            (**self).on_enqueue(intent)
        }

        fn allows(&self, intent: &Intent) -> Verdict {
            (**self).allows(intent)
        }

        fn name(&self) -> Cow<'static, str> {
            (**self).name()
        }

        fn judge(&self, occasion: Occasion) -> Option<Box<dyn Judge + '_>> {
            (**self).judge(occasion)
        }

        fn on_refused(&self, intent: &Intent) {
            (**self).on_refused(intent);
        }
    };
}

impl Policy for Box<dyn Policy> {
    delegate!();
}

impl<P: Policy + ?Sized> Policy for Arc<P> {
    delegate!();
}

/// The members of a combination, asked in order.
macro_rules! combine {
    ($self:ident => $members:expr) => {
        fn on_enqueue(&$self, intent: &Intent) -> Result<(), PolicyViolation> {
            for policy in $members {
                policy.on_enqueue(intent).map_err(|violation| violation.named(policy))?;
            }
            Ok(())
        }

        fn allows(&$self, intent: &Intent) -> Verdict {
            for policy in $members {
                let verdict = policy.allows(intent);
                if !verdict.is_allow() {
                    return verdict.named(policy);
                }
            }
            Verdict::Allow
        }

        fn name(&$self) -> Cow<'static, str> {
            let names: Vec<_> = $members.into_iter().map(|policy: &dyn Policy| policy.name()).collect();
            format!("({})", names.join(", ")).into()
        }

        fn judge(&$self, occasion: Occasion) -> Option<Box<dyn Judge + '_>> {
            Judges::of($members, occasion)
        }
    };
}

fn as_dyn<P: Policy>(policy: &P) -> &dyn Policy {
    policy
}

impl<P: Policy> Policy for Vec<P> {
    combine!(self => self.iter().map(as_dyn));
}

impl<P: Policy, const N: usize> Policy for [P; N] {
    combine!(self => self.iter().map(as_dyn));
}

impl<P: Policy> Policy for [P]
where
    Self: Sync,
{
    combine!(self => self.iter().map(as_dyn));
}

impl<P: Policy> Policy for Option<P> {
    combine!(self => self.iter().map(as_dyn));
}

macro_rules! tuples {
    ($($policy:ident $index:tt),+) => {
        impl<$($policy: Policy),+> Policy for ($($policy,)+) {
            combine!(self => [$(as_dyn(&self.$index)),+]);
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// The members of a combination of which at least one has a memory of this flush.
struct Judges<'a> {
    members: Vec<Member<'a>>,
}

type Member<'a> = (&'a dyn Policy, Option<Box<dyn Judge + 'a>>);

impl<'a> Judges<'a> {
    fn of(
        policies: impl IntoIterator<Item = &'a dyn Policy>,
        occasion: Occasion,
    ) -> Option<Box<dyn Judge + 'a>> {
        let members: Vec<_> =
            policies.into_iter().map(|policy| (policy, policy.judge(occasion))).collect();
        let any = members.iter().any(|(_, judge)| judge.is_some());
        any.then(|| Box::new(Self { members }) as _)
    }
}

impl Judge for Judges<'_> {
    fn allows(&mut self, intent: &Intent) -> Verdict {
        for (policy, judge) in &mut self.members {
            let verdict = match judge {
                Some(judge) => judge.allows(intent),
                None => policy.allows(intent),
            };
            if !verdict.is_allow() {
                return verdict.named(*policy);
            }
        }
        Verdict::Allow
    }
}
