//! What a handle carries away from its thread.

use std::sync::Arc;

use crate::core::policy::chain::Chain;
use crate::core::stack::config::Config;
use crate::core::stack::shared_scope::SharedScope;
use crate::core::stack::thread::THREAD;

/// The scopes, policies and configuration that a handle carries.
pub(crate) struct HandleParts {
    /// The current scope and those around it, innermost first.
    pub(crate) scopes: Arc<[Arc<SharedScope>]>,
    pub(crate) chain: Chain,
    pub(crate) config: Option<Arc<Config>>,
}

/// Shares the current scope and those around it. `None` where no scope is current, or inside a
/// policy.
pub(crate) fn share() -> Option<HandleParts> {
    let shared = THREAD.try_with(|thread| {
        let mut stack = thread.unless_judging()?;
        if stack.depth == 0 {
            return None;
        }
        let mut scopes = Vec::new();
        for frame in stack.enclosing() {
            match frame.carried_scopes() {
                Some(carried) => scopes.extend(carried.iter().cloned()),
                None => scopes.push(frame.share()),
            }
        }
        Some(HandleParts {
            scopes: scopes.into(),
            chain: stack.chain.clone(),
            config: stack.config.clone(),
        })
    });
    shared.ok().flatten()
}
