//! The Lua scripts, each of which is one round trip.

use std::sync::LazyLock;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{FromRedisValue, Script, ScriptInvocation};

use crate::core::task::called::BoxError;
use crate::engines::celery::Redis;

macro_rules! scripts {
    ($($name:ident = $($file:literal)+;)*) => {$(
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!($(include_str!($file)),+)));
    )*};
}

scripts! {
    BEGIN = "lua/begin.lua";
    EXTEND_LEASES = "lua/outage.lua" "lua/extend_leases.lua";
    FIND_DEAD = "lua/find_dead.lua";
    LIST_DEAD = "lua/list_dead.lua";
    RECEIVE = "lua/outage.lua" "lua/receive.lua";
    REMOVE_DEAD = "lua/remove_dead.lua";
    SETTLE = "lua/settle.lua";
}

impl Redis {
    /// Runs a script.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        prepare: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, BoxError> {
        self.run_on(self.server.connection().await?, script, prepare).await
    }

    pub(super) async fn run_on<T: FromRedisValue>(
        &self,
        mut connection: MultiplexedConnection,
        script: &Script,
        prepare: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<T, BoxError> {
        let mut invocation = script.prepare_invoke();
        prepare(&mut invocation);
        match invocation.invoke_async(&mut connection).await {
            Ok(value) => Ok(value),
            Err(error) => Err(self.server.error(&error).await),
        }
    }
}

/// A duration as scripts take it, no longer than Redis can add to a time.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(1 << 52)
}
