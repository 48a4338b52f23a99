//! Defaults of the process, and what overrides them.

use std::sync::{Arc, OnceLock};

use crate::core::executor::DynExecutor;
use crate::core::policy::chain::SharedPolicy;
use crate::core::stack::bounds::Bounds;

static INSTALLED: OnceLock<Config> = OnceLock::new();

/// What scopes use that are told nothing else.
#[derive(Default)]
pub(crate) struct Config {
    pub(crate) policy: Option<SharedPolicy>,
    pub(crate) executor: Option<Arc<dyn DynExecutor>>,
    pub(crate) limit: Option<usize>,
    pub(crate) limit_bytes: Option<usize>,
}

impl Config {
    /// Makes these the defaults of the process; gives them back where it has some already.
    pub(crate) fn install(self) -> Result<(), Self> {
        INSTALLED.set(self)
    }

    #[inline]
    pub(crate) fn installed() -> Option<&'static Self> {
        INSTALLED.get()
    }

    /// What a scope may hold that has no limits of its own.
    #[inline]
    pub(crate) fn bounds(overriding: Option<&Arc<Self>>) -> Bounds {
        let config = match overriding {
            Some(config) => Some(&**config),
            None => Self::installed(),
        };
        let Some(config) = config else { return Bounds::DEFAULT };
        Bounds::DEFAULT.with(config.limit, config.limit_bytes)
    }
}
