//! A change of the shop's data: one transaction, whose effects are rows of it.

use std::sync::{Arc, Mutex, PoisonError};

use airlock::{Report, Scope};

use crate::crash;
use crate::error::ShopError;
use crate::orders::Order;
use crate::record;
use crate::store::{Connection, Store};

/// How a change is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// What it is called in reports.
    pub(crate) name: &'static str,
    /// Whether to show what would happen, and let nothing happen.
    pub(crate) dry_run: bool,
}

impl Change {
    /// Changes orders, and keeps what becomes of what they have to tell.
    ///
    /// A dry run comes back as [`ShopError::DryRun`]: that is what rolls it back.
    pub(crate) async fn run(
        self,
        store: &Store,
        body: impl AsyncFnOnce(&mut Connection<'_>) -> Result<Order, ShopError>,
    ) -> Result<Order, ShopError> {
        let seen = Seen::default();
        let changed = store
            .transaction(seen.scope(self.name), async |shop: &mut Connection<'_>| {
                let order = body(shop).await?;
                if self.dry_run {
                    return Err(ShopError::DryRun(what_would_happen()));
                }
                record::of_change(shop, self.name, &order).await?;
                crash::point("after-body");
                Ok(order)
            })
            .await;
        if let Err(error) = &changed
            && !self.dry_run
        {
            record::of_failure(store, self.name, error, &seen.take()).await;
        }
        crash::point("before-response");
        changed
    }
}

/// What the policies in force say of each effect of the transaction.
fn what_would_happen() -> String {
    airlock::current().map(|scope| scope.inspect().to_string()).unwrap_or_default()
}

/// The report of a transaction, once it has ended.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Report>>);

impl Seen {
    /// Makes scopes that report here.
    pub(crate) fn scope(&self, name: &'static str) -> impl Fn() -> Scope + Send + Sync + 'static {
        let seen = self.clone();
        move || {
            let seen = seen.clone();
            airlock::scope().named(name).on_report(move |report| {
                *seen.0.lock().unwrap_or_else(PoisonError::into_inner) = report.clone();
            })
        }
    }

    pub(crate) fn take(&self) -> Report {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
