//! The executor and the configuration in force here.

use std::sync::Arc;

use crate::core::executor::DynExecutor;
use crate::core::stack::config::Config;
use crate::core::stack::thread::{ThreadStack, on_thread};

/// The executor of the scopes around, innermost first, else the configured one.
pub(crate) fn executor() -> Option<Arc<dyn DynExecutor>> {
    let find = |thread: &ThreadStack| {
        let mut stack = thread.stack();
        stack.enclosing().find_map(|frame| match frame.carried_scopes() {
            Some(scopes) => scopes.iter().find_map(|scope| scope.executor().cloned()),
            None => frame.executor().cloned(),
        })
    };
    let around = on_thread(find, || None);
    around.or_else(|| configured(|config| config.and_then(|config| config.executor.clone())))
}

/// The configuration that overrides the installed one here.
pub(crate) fn overriding() -> Option<Arc<Config>> {
    on_thread(|thread| thread.stack().config.clone(), || None)
}

/// The configuration in force: an override around, else what was installed.
pub(crate) fn configured<T>(look: impl FnOnce(Option<&Config>) -> T) -> T {
    match overriding() {
        Some(config) => look(Some(&config)),
        None => look(Config::installed()),
    }
}
