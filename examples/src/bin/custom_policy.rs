//! Policies of your own: a type that refuses or drops, and a closure that drops.

use std::error::Error;

use airlock::{Fate, Intent, Policy, PolicyViolation, Verdict};

#[airlock::task(name = "bank.refund")]
fn refund(order_id: u64, cents: u64) {
    println!("{cents} cents go back for order {order_id}");
}

#[airlock::task(name = "mail.refunded", queue = "emails")]
fn send_mail(order_id: u64) {
    println!("a mail about order {order_id}");
}

/// Refuses refunds above an amount, and keeps mails in the house while the office is closed.
struct OfficeRules {
    limit: u64,
    open: bool,
}

impl Policy for OfficeRules {
    fn on_enqueue(&self, intent: &Intent) -> Result<(), PolicyViolation> {
        match intent.arguments_of::<refund>() {
            Some((_, cents)) if *cents > self.limit => {
                Err(PolicyViolation::new(format!("{cents} cents need a second person")))
            }
            _ => Ok(()),
        }
    }

    fn allows(&self, intent: &Intent) -> Verdict {
        let mail = intent.effective_queue() == Some("emails");
        if mail && !self.open { Verdict::Drop } else { Verdict::Allow }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (refused, sealed) = airlock::scope()
        .policy(OfficeRules { limit: 10_000, open: false })
        .policy(|intent: &Intent| match intent.arguments_of::<refund>() {
            Some((13, _)) => Verdict::Drop,
            _ => Verdict::Allow,
        })
        .seal(|| {
            refund::enqueue(12, 500)?;
            refund::enqueue(13, 500)?;
            send_mail::enqueue(12)?;
            refund::enqueue(14, 50_000)
        });
    let error = refused.expect_err("the last one is too much");
    println!("{error}");
    assert_eq!(error.violation().and_then(PolicyViolation::policy), Some("OfficeRules"));

    let report = sealed.flush()?;
    println!("{report}");
    let fates: Vec<_> = report.entries().iter().map(airlock::ReportEntry::fate).collect();
    assert_eq!(*fates[0], Fate::Dispatched);
    assert!(fates[1].to_string().starts_with("dropped by closure in"));
    assert_eq!(*fates[2], Fate::Dropped { policy: "OfficeRules".into() });
    Ok(())
}
