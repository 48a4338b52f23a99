//! Policies made of policies, and of closures.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use crate::core::intent::Intent;
use crate::core::policy::{
    FlushId, Memory, Occasion, Policy, PolicyViolation, Travel, Verdict, short_name,
};

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

        fn memory(&self) -> Option<Box<dyn Memory>> {
            (**self).memory()
        }

        fn recall(&self, memory: &mut dyn Memory, intent: &Intent, occasion: Occasion) -> Verdict {
            (**self).recall(memory, intent, occasion)
        }

        fn on_refused(&self, intent: &Intent) {
            (**self).on_refused(intent);
        }

        fn travel(&self) -> Travel {
            (**self).travel()
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

        fn memory(&$self) -> Option<Box<dyn Memory>> {
            Memories::of($members)
        }

        fn recall(
            &$self,
            memory: &mut dyn Memory,
            intent: &Intent,
            occasion: Occasion,
        ) -> Verdict {
            Memories::recall($members, memory, intent, occasion)
        }

        fn travel(&$self) -> Travel {
            let all = $members.into_iter();
            all.fold(Travel::nothing(), |all, policy: &dyn Policy| {
                all.and(policy.travel().or_named(policy))
            })
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

/// The memories of a combination's members, of which at least one has one.
struct Memories {
    members: Vec<Option<Box<dyn Memory>>>,
}

impl Memories {
    fn of<'p>(policies: impl IntoIterator<Item = &'p dyn Policy>) -> Option<Box<dyn Memory>> {
        let members: Vec<_> = policies.into_iter().map(Policy::memory).collect();
        let any = members.iter().any(Option::is_some);
        any.then(|| Box::new(Self { members }) as _)
    }

    fn recall<'p>(
        policies: impl IntoIterator<Item = &'p dyn Policy>,
        memory: &mut dyn Memory,
        intent: &Intent,
        occasion: Occasion,
    ) -> Verdict {
        let memory: &mut dyn Any = memory;
        let Some(Self { members }) = memory.downcast_mut() else {
            unreachable!("it is asked with the memory that it has made")
        };
        for (policy, memory) in policies.into_iter().zip(members) {
            let verdict = match memory {
                Some(memory) => policy.recall(&mut **memory, intent, occasion),
                None => policy.allows(intent),
            };
            if !verdict.is_allow() {
                return verdict.named(policy);
            }
        }
        Verdict::Allow
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Box<dyn Memory>> {
        self.members.iter_mut().flatten()
    }
}

impl Memory for Memories {
    /// Members without a memory would not be asked.
    fn allows(&mut self, _: &Intent, _: Occasion) -> Verdict {
        panic!("a policy that hands on `Policy::memory` of a combination hands on `recall` as well")
    }

    fn has_stayed(&mut self, intent: &Intent, flush: FlushId) {
        self.each().for_each(|memory| memory.has_stayed(intent, flush));
    }

    fn has_ended(&mut self, flush: FlushId) {
        self.each().for_each(|memory| memory.has_ended(flush));
    }

    fn duplicate(&self) -> Box<dyn Memory> {
        let duplicate = |memory: &Option<Box<dyn Memory>>| memory.as_ref().map(|m| m.duplicate());
        Box::new(Self { members: self.members.iter().map(duplicate).collect() })
    }
}
