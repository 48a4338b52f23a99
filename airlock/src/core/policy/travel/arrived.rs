//! Reading the policies of a message.

use std::fmt;

use serde_json::value::RawValue;

use super::arrived_list::{ArrivedList, List};
use super::{Travelling, TravellingRegistration};
use crate::core::cut::{plain, shortened};
use crate::core::policy::{AssertNoEffects, DropAll, Policy};
use crate::core::task::nearest::nearest;
use crate::core::task::without_values::json_fault;

/// The names of airlock's own.
const OWN: [&str; 4] = ["BlockTasks", "AllowOnly", "DropAll", "AssertNoEffects"];

/// The policies that have come with a message, innermost first.
///
/// # Errors
///
/// For the first that this binary does not know, or can't read.
pub(crate) fn arrived(list: &RawValue) -> Result<Vec<Box<dyn Policy>>, UnknownPolicy> {
    let list: Vec<Travelling> =
        serde_json::from_str(list.get()).map_err(|error| UnknownPolicy::list(&error))?;
    list.iter().map(read).collect()
}

fn read(Travelling { name, settings }: &Travelling) -> Result<Box<dyn Policy>, UnknownPolicy> {
    let settings = settings.as_ref().map_or("null", |settings| settings.get());
    let unreadable = |error: serde_json::Error| {
        UnknownPolicy::new(name, format!("its settings: {}", json_fault(&error)))
    };
    match &**name {
        "BlockTasks" => return ArrivedList::read(List::Block, settings).map_err(unreadable),
        "AllowOnly" => return ArrivedList::read(List::AllowOnly, settings).map_err(unreadable),
        "DropAll" => return Ok(Box::new(DropAll)),
        "AssertNoEffects" => return Ok(Box::new(AssertNoEffects)),
        _ => {}
    }
    let registered = || inventory::iter::<TravellingRegistration>.into_iter();
    let mut found = registered().filter(|registered| registered.name == name);
    let Some(first) = found.next() else {
        let known = OWN.into_iter().chain(registered().map(|registered| registered.name));
        let nearest = nearest(name, known).map(|near| format!(" (`{near}` is near)"));
        let nearest = nearest.unwrap_or_default();
        return Err(UnknownPolicy::new(name, format!("no policy of that name{nearest}")));
    };
    if let Some(second) = found.next() {
        let (one, other) = (first.place, second.place);
        let why = format!("two policies of that name, at {one} and at {other}");
        return Err(UnknownPolicy::new(name, why));
    }
    (first.read)(settings).map_err(unreadable)
}

/// A message's policy that this binary can't put in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownPolicy {
    name: String,
    why: String,
}

impl UnknownPolicy {
    fn new(name: &str, why: String) -> Self {
        // It is off the wire.
        const LONGEST: usize = 256;
        Self { name: plain(&shortened(name.to_owned(), LONGEST)), why }
    }

    fn list(error: &serde_json::Error) -> Self {
        Self::new("…", format!("the list of policies: {}", json_fault(error)))
    }
}

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, why } = self;
        write!(
            f,
            "it travels under the policy `{name}`, and this binary can't put that in force: {why}; link the crate \
             that registers it with `#[airlock::travels]`, or leave the message to a worker that does"
        )
    }
}
