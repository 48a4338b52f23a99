//! One executor made of several: by task, by queue, by a rule of your own, and one for the rest.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use airlock::{Executor, Inline, Intent, Route, tasks};

#[airlock::task(name = "images.resize")]
fn resize_image(image_id: u64) {
    unreachable!("a Python worker resizes image {image_id}");
}

#[airlock::task(name = "mail.confirmation", queue = "emails")]
fn send_confirmation_email(order_id: u64) {
    unreachable!("the mailer writes about order {order_id}");
}

#[airlock::task(name = "audit.note")]
fn note(text: String) {
    println!("noted here: {text}");
}

/// What left, for whom.
#[derive(Clone, Default)]
struct Left(Arc<Mutex<Vec<String>>>);

impl Left {
    /// Stands for the executor of an engine.
    fn engine(&self, name: &'static str) -> impl Executor + use<> {
        let left = self.clone();
        move |intent: Intent| {
            if name == "mailer" && intent.to_string().contains("13") {
                return Err("the mailer is superstitious");
            }
            println!("to {name}: {intent}");
            left.0.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{name} {intent}"));
            Ok(())
        }
    }

    fn list(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn order(id: u64) -> Result<(), airlock::EnqueueError> {
    note::enqueue(format!("order {id}"))?;
    send_confirmation_email::enqueue(id)?;
    resize_image::intent(id).priority(9).enqueue()
}

fn main() -> Result<(), Box<dyn Error>> {
    let left = Left::default();
    // The first route that takes an intent has it. Misspell a task: it doesn't compile.
    let route = Arc::new(
        Route::to(left.engine("urgent"))
            .when(|intent| intent.options().priority() > Some(5))
            .and_to(left.engine("python"))
            .tasks(tasks![resize_image])
            .and_to(left.engine("mailer"))
            .queue("emails")
            .otherwise(Inline::builder().build()?),
    );
    airlock::scope().executor(route.clone()).run(|| order(1))??;
    airlock::scope().executor(route.clone()).run(|| resize_image::enqueue(2))??;
    assert_eq!(
        left.list(),
        [
            "urgent images.resize(image_id: 1)",
            "mailer mail.confirmation(order_id: 1)",
            "python images.resize(image_id: 2)",
        ]
    );

    // The routes get their batches one after the other: behind one that fails nothing is attempted.
    let error = airlock::scope().executor(route).run(|| order(13)).expect_err("superstition");
    println!("{error}");
    let report = error.report();
    assert_eq!((report.dispatched(), report.failed(), report.not_attempted()), (1, 1, 1));
    assert_eq!(error.into_intents().len(), 2);
    Ok(())
}
