//! One call of a task.

use std::error::Error;
use std::pin::Pin;

use crate::core::task::Task;

/// The error of a task that failed.
pub type BoxError = Box<dyn Error + Send + Sync>;

pub(crate) type TaskFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A task that was called: it succeeded, or there is more to it. One register, for the usual case.
pub struct Called(pub(crate) Result<(), Box<Unfinished>>);

pub(crate) enum Unfinished {
    Failed(BoxError),
    /// To be awaited.
    Future(TaskFuture),
}

impl Called {
    /// A synchronous task, which has finished.
    #[inline]
    pub fn done(result: Result<(), BoxError>) -> Self {
        Self(result.map_err(|error| Box::new(Unfinished::Failed(error))))
    }

    /// An asynchronous task.
    pub fn future(future: impl Future<Output = Result<(), BoxError>> + Send + 'static) -> Self {
        Self(Err(Box::new(Unfinished::Future(Box::pin(future)))))
    }

    /// A task that has no body here.
    #[cold]
    pub fn elsewhere<T: Task>() -> Self {
        let place = T::info().place();
        Self::done(Err(format!(
            "`{}` ({place}) is a struct, which has no body to run in this process: hand it to the queue that runs \
             it, with `.executor(…)` on the scope or `.queue(…)` on the transactions, or write a function under \
             `#[airlock::task]`",
            T::NAME
        )
        .into()))
    }

    pub(crate) fn spent() -> Self {
        Self::done(Err("its arguments were consumed by an earlier run".into()))
    }
}

/// What a task may return.
#[diagnostic::on_unimplemented(
    message = "a task can't return `{Self}`",
    label = "a task returns `()` or `Result<(), E>`",
    note = "nobody waits for a task's value; its error `E` is a `std::error::Error` that is `Send` and `Sync`, or converts into a `Box<dyn Error + Send + Sync>`; one that is only `Display` goes as its text: `Result<(), String>` and `.map_err(|error| error.to_string())`"
)]
pub trait TaskReturn {
    /// The outcome of the run.
    ///
    /// # Errors
    ///
    /// The task's own.
    fn finish(self) -> Result<(), BoxError>;
}

impl TaskReturn for () {
    #[inline]
    fn finish(self) -> Result<(), BoxError> {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> TaskReturn for Result<(), E> {
    #[inline]
    fn finish(self) -> Result<(), BoxError> {
        self.map_err(Into::into)
    }
}

/// The outcome of a task's run.
///
/// # Errors
///
/// The task's own.
#[inline]
pub fn finish<R: TaskReturn>(returned: R) -> Result<(), BoxError> {
    returned.finish()
}
