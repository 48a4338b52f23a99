//! The Lua scripts, each of which is one round trip.

use std::fmt;
use std::sync::LazyLock;

use ::redis::aio::MultiplexedConnection;
use ::redis::{FromRedisValue, Script, ScriptInvocation};

use crate::core::task::called::BoxError;
use crate::engines::apalis::redis::Redis;
use crate::engines::apalis::redis::queues::Queues;
use crate::worker::engine_error::EngineError;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/common.lua"), "\n", include_str!($file)))
        });
    )*};
}

scripts! {
    ALIVE = "lua/alive.lua";
    BEGIN = "lua/begin.lua";
    LEAVE = "lua/leave.lua";
    LETTERS = "lua/letters.lua";
    PUSH = "lua/push.lua";
    RECEIVE = "lua/receive.lua";
    REMOVE = "lua/remove.lua";
    RETRY = "lua/retry.lua";
    SCAN_DEAD = "lua/scan_dead.lua";
    SETTLE = "lua/settle.lua";
}

/// A script, to be called with these queues.
pub(super) fn of<'a>(script: &'a Script, queues: &Queues) -> ScriptInvocation<'a> {
    let mut invocation = script.prepare_invoke();
    queues.keys.iter().for_each(|key| {
        invocation.key(key);
    });
    invocation
}

impl Redis {
    /// Calls a script on queues.
    pub(super) async fn call<T: FromRedisValue>(
        &self,
        queues: &Queues,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, BoxError> {
        self.call_on(self.server.connection().await, queues, invocation).await
    }

    /// Calls the script that is the heartbeat.
    pub(super) async fn call_alive(
        &self,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<(), BoxError> {
        self.call_on(self.server.heartbeat_connection().await, &self.served, invocation).await
    }

    async fn call_on<T: FromRedisValue>(
        &self,
        connection: Result<MultiplexedConnection, EngineError>,
        queues: &Queues,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, BoxError> {
        let at = |error: &dyn fmt::Display| BoxError::from(format!("{queues}: {error}"));
        let mut connection = connection.map_err(|error| at(&error))?;
        match invocation.invoke_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(at(&self.server.send_error(&error).await)),
        }
    }
}
