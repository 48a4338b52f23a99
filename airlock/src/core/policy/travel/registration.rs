//! Policies of the program's that travel, by their names.

use super::TravellingPolicy;
use crate::core::policy::Policy;

/// A policy of the program's that travels; submitted by `#[airlock::travels]`.
#[cfg_attr(not(feature = "worker"), expect(dead_code, reason = "workers look for them"))]
pub struct TravellingRegistration {
    pub(super) name: &'static str,
    pub(super) place: &'static str,
    pub(super) read: fn(&str) -> serde_json::Result<Box<dyn Policy>>,
}

inventory::collect!(TravellingRegistration);

impl TravellingRegistration {
    /// That of a type, which is registered at this place.
    pub const fn of<P: TravellingPolicy>(place: &'static str) -> Self {
        let read = |settings: &str| {
            serde_json::from_str(settings).map(|policy: P| Box::new(policy) as Box<dyn Policy>)
        };
        Self { name: P::NAME, place, read }
    }
}
