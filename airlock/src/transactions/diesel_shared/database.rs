//! What the `Database` of both libraries has in common: it is nothing but settings.

/// The ordinary traits of `Database<C>`, and `Adapted`, which lends the connection to a queue as `Through`.
macro_rules! settings_only_database {
    () => {
        struct Adapted<Q>(Q);

        impl<C: Send, Q: for<'c> Queue<Through<'c, C>>> Queue<C> for Adapted<Q> {
            async fn push(
                &self,
                connection: &mut C,
                batch: &mut $crate::core::executor::Batch,
            ) -> Result<(), $crate::core::executor::DispatchError> {
                self.0.push(&mut Through(connection), batch).await
            }

            fn committed(&self) {
                self.0.committed();
            }

            fn proves_good(&self) -> bool {
                self.0.proves_good()
            }
        }

        impl<C> Default for Database<C> {
            fn default() -> Self {
                Self { settings: Settings::default() }
            }
        }

        impl<C> Clone for Database<C> {
            fn clone(&self) -> Self {
                Self { settings: self.settings.clone() }
            }
        }

        impl<C> std::fmt::Debug for Database<C> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Database")
                    .field("queue", &self.settings.queue.is_some())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use settings_only_database;
