//! One executor made of several.

use std::borrow::Cow;
use std::fmt;

use crate::core::executor::parts::Parts;
use crate::core::executor::{Batch, DispatchError, DynExecutor, Executor, OnFailure};
use crate::core::intent::Intent;
use crate::core::registry::task_set::TaskSet;
use crate::core::task::queue_name::queue_name;

/// Sends each intent to the executor that is meant for it: the first route that takes it.
///
/// Each route gets one batch, in the order of enqueue, and the routes get theirs in the order in
/// which they were written. Where one fails, those after it are not attempted, unless the scope
/// [continues](OnFailure::Continue). What tasks enqueue while an executor runs them here is carried
/// out by that executor.
///
/// # Examples
///
/// ```standalone_crate
/// use airlock::{Inline, Intent, Route, tasks};
///
/// #[airlock::task]
/// fn resize_image(id: u64) {}
///
/// #[airlock::task(queue = "emails")]
/// fn send_mail(order_id: u64) {}
///
/// #[airlock::task]
/// fn note_order(order_id: u64) {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let python = |intent: Intent| Ok::<_, std::io::Error>(println!("to Python: {intent}"));
/// let mailer = |intent: Intent| Ok::<_, std::io::Error>(println!("to the mailer: {intent}"));
/// let route = Route::to(python)
///     .tasks(tasks![resize_image])
///     .and_to(mailer)
///     .queue("emails")
///     .otherwise(Inline::builder().build()?);
///
/// airlock::scope().executor(route).run(|| {
///     note_order::enqueue(42)?;
///     send_mail::enqueue(42)?;
///     resize_image::enqueue(7)
/// })??;
/// # Ok(())
/// # }
/// ```
///
/// A name that no task has does not compile:
///
/// ```compile_fail,E0425
/// use airlock::{Inline, Route, tasks};
///
/// #[airlock::task]
/// fn send_mail(order_id: u64) {}
///
/// let inline = || Inline::builder().build().unwrap();
/// Route::to(inline()).tasks(tasks![send_mial]).otherwise(inline());
/// ```
pub struct Route {
    targets: Vec<Target>,
}

struct Target {
    executor: Box<dyn DynExecutor>,
    takes: Takes,
}

type Takes = Box<dyn Fn(&Intent) -> bool + Send + Sync>;

impl Route {
    /// A route to `executor`, for the intents that are named next.
    pub fn to(executor: impl Executor) -> RouteTo {
        RouteTo { targets: Vec::new(), executor: Box::new(executor) }
    }
}

/// A route that is yet to be told what it takes; made by [`Route::to`] and [`RouteBuilder::and_to`].
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Route};
///
/// let print = |intent: Intent| Ok::<_, std::io::Error>(println!("{intent}"));
/// Route::to(print).when(|intent| intent.options().priority() > Some(9)).otherwise(print);
/// ```
#[must_use = "a route takes nothing until it is told what"]
pub struct RouteTo {
    targets: Vec<Target>,
    executor: Box<dyn DynExecutor>,
}

impl RouteTo {
    /// Takes the intents of these tasks.
    pub fn tasks(self, tasks: TaskSet) -> RouteBuilder {
        self.when(move |intent| tasks.has(intent))
    }

    /// Takes the intents of this queue, which is their own or else their task's.
    ///
    /// # Panics
    ///
    /// Where the name is empty.
    #[track_caller]
    pub fn queue(self, queue: impl Into<Cow<'static, str>>) -> RouteBuilder {
        let queue = queue_name(queue);
        self.when(move |intent| intent.effective_queue() == Some(&*queue))
    }

    /// Takes the intents for which `takes` says so.
    pub fn when(self, takes: impl Fn(&Intent) -> bool + Send + Sync + 'static) -> RouteBuilder {
        let Self { mut targets, executor } = self;
        targets.push(Target { executor, takes: Box::new(takes) });
        RouteBuilder { targets }
    }
}

/// Builds a [`Route`], whose last executor takes [what is left](Self::otherwise).
///
/// # Examples
///
/// ```
/// use airlock::{Intent, Route, RouteBuilder};
///
/// let print = |intent: Intent| Ok::<_, std::io::Error>(println!("{intent}"));
/// let builder: RouteBuilder = Route::to(print).queue("emails").and_to(print).queue("bulk");
/// let route: Route = builder.otherwise(print);
/// ```
#[must_use = "a builder does nothing until `.otherwise(executor)`"]
pub struct RouteBuilder {
    targets: Vec<Target>,
}

impl RouteBuilder {
    /// A further route, for intents that none so far takes.
    pub fn and_to(self, executor: impl Executor) -> RouteTo {
        RouteTo { targets: self.targets, executor: Box::new(executor) }
    }

    /// The executor of all these routes, and of `executor` for what none of them takes.
    pub fn otherwise(self, executor: impl Executor) -> Route {
        let RouteBuilder { targets } = self.and_to(executor).when(|_| true);
        Route { targets }
    }
}

impl Executor for Route {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let target = |intent| self.targets.iter().position(|target| (target.takes)(intent));
        let targets: Vec<_> = batch.iter().map(target).collect();
        let stops = batch.on_failure() == OnFailure::Stop;
        let mut parts = Parts::new(batch);
        for (number, target) in self.targets.iter().enumerate() {
            // What tasks have enqueued meanwhile is behind those that were routed.
            let out = parts.rest(|index| targets.get(index) == Some(&Some(number)));
            if !parts.send(&*target.executor, out).await && stops {
                break;
            }
        }
        parts.finish()
    }

    fn blocks(&self) -> bool {
        self.targets.iter().any(|target| target.executor.dyn_blocks())
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("targets", &self.targets.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for RouteTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteTo").field("targets", &self.targets.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for RouteBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouteBuilder").field("targets", &self.targets.len()).finish_non_exhaustive()
    }
}
