//! `#[scoped]` on every kind of function.

use std::future::ready;
use std::pin::Pin;

use airlock::{EnqueueError, FlushError};

use crate::tasks::{mail, nothing};

/// Whatever can go wrong.
#[derive(Debug)]
pub enum Error {
    /// An enqueue was refused.
    Enqueue(EnqueueError),
    /// A flush failed.
    Flush(FlushError),
}

impl From<EnqueueError> for Error {
    fn from(error: EnqueueError) -> Self {
        Self::Enqueue(error)
    }
}

impl From<FlushError> for Error {
    fn from(error: FlushError) -> Self {
        Self::Flush(error)
    }
}

/// Has no value.
#[airlock::scoped]
pub fn unit() {
    drop(nothing::enqueue());
}

/// May fail.
///
/// # Errors
///
/// Where something fails.
#[airlock::scoped]
pub fn fallible(early: bool) -> Result<u64, Error> {
    if early {
        return Ok(1);
    }
    nothing::enqueue()?;
    Ok(2)
}

/// Has every option.
///
/// # Errors
///
/// Where something fails.
#[airlock::scoped(
    named = "checkout",
    policy = (LogOnFlush::default(), BlockTasks(mail, "crate::tasks::pack"), Limit::per_flush(3)),
    executor = |_: airlock::Intent| Ok::<(), String>(()),
    on_failure = Continue,
    flush_if = |succeeded| succeeded,
    release = |intent| intent.name() == "audit",
    limit = 100,
    on_report = |report| drop(report.to_string()),
)]
pub fn configured() -> Result<(), Error> {
    nothing::enqueue()?;
    Ok(())
}

/// Handles a failed flush.
#[must_use]
#[airlock::scoped(release_all, on_flush_error = give_up)]
pub fn handled() -> Option<u64> {
    nothing::enqueue().ok()?;
    Some(1)
}

fn give_up(error: FlushError) -> Option<u64> {
    drop(error);
    None
}

/// Is async.
///
/// # Errors
///
/// Where something fails.
#[airlock::scoped]
pub async fn awaited(early: bool) -> Result<u64, Error> {
    if early {
        return Ok(1);
    }
    ready(nothing::enqueue()).await?;
    Ok(2)
}

/// Is async and has no value.
#[airlock::scoped(policy = DropAll, crate = airlock)]
pub async fn awaited_unit() {
    drop(ready(nothing::enqueue()).await);
}

/// Is generic.
///
/// # Errors
///
/// Where something fails.
#[airlock::scoped]
pub fn generic<'a, T: ToString, const N: usize>(items: &'a [T; N]) -> Result<Option<&'a T>, Error> {
    mail::enqueue(1, items.iter().map(ToString::to_string).collect())?;
    Ok(items.first())
}

/// Gives a future.
///
/// # Errors
///
/// Where something fails.
#[airlock::scoped]
pub fn opaque(n: u64) -> impl Future<Output = Result<u64, Error>> + Send {
    let doubled = n.saturating_mul(2);
    async move {
        nothing::enqueue()?;
        Ok(doubled)
    }
}

/// Gives a boxed future.
#[must_use]
#[airlock::scoped]
pub fn boxed(n: &u64) -> Pin<Box<dyn Future<Output = Result<u64, Error>> + Send + '_>> {
    Box::pin(async move {
        nothing::enqueue()?;
        Ok(*n)
    })
}

/// Gives an iterator.
#[airlock::scoped]
pub fn opaque_iterator(end: u64) -> impl Iterator<Item = u64> {
    drop(nothing::enqueue());
    0..end
}

/// Has methods.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shop {
    sold: u64,
}

impl Shop {
    /// By reference.
    ///
    /// # Errors
    ///
    /// Where something fails.
    #[airlock::scoped]
    pub fn sold(&self) -> Result<u64, Error> {
        nothing::enqueue()?;
        Ok(self.sold)
    }

    /// By exclusive reference.
    ///
    /// # Errors
    ///
    /// Where something fails.
    #[airlock::scoped]
    pub fn sell(&mut self) -> Result<&mut u64, Error> {
        nothing::enqueue()?;
        self.sold = self.sold.saturating_add(1);
        Ok(&mut self.sold)
    }

    /// By value, async.
    ///
    /// # Errors
    ///
    /// Where something fails.
    #[airlock::scoped]
    pub async fn close(self) -> Result<u64, Error> {
        ready(nothing::enqueue()).await?;
        Ok(self.sold)
    }
}

/// Is implemented by scoped functions.
#[async_trait::async_trait]
pub trait Process {
    /// Processes.
    async fn process(&self, n: u64) -> Result<u64, Error>;

    /// Processes at once.
    ///
    /// # Errors
    ///
    /// Where something fails.
    fn now(&self, n: u64) -> Result<u64, Error>;
}

#[async_trait::async_trait]
impl Process for Shop {
    #[airlock::scoped]
    async fn process(&self, n: u64) -> Result<u64, Error> {
        ready(nothing::enqueue()).await?;
        Ok(self.sold.saturating_add(n))
    }

    #[airlock::scoped]
    fn now(&self, n: u64) -> Result<u64, Error> {
        nothing::enqueue()?;
        Ok(self.sold.saturating_add(n))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[airlock::scoped(policy = AssertNoEffects)]
    fn stands_under_a_test() {
        assert!(airlock::current().is_some(), "in a scope");
    }

    #[airlock::scoped]
    #[tokio::test]
    async fn stands_over_a_test() {
        assert!(airlock::current().is_some(), "in a scope");
    }

    #[test]
    fn every_form_runs() -> Result<(), super::Error> {
        super::unit();
        assert_eq!(super::fallible(true)?, 1, "by `return`");
        assert_eq!(super::fallible(false)?, 2, "by its end");
        super::configured()?;
        assert_eq!(super::handled(), Some(1), "nothing fails");
        assert_eq!(super::opaque_iterator(3).count(), 3, "as written");
        assert_eq!(super::generic(&[1_u8, 2])?, Some(&1), "borrowed from the argument");
        Ok(())
    }
}
