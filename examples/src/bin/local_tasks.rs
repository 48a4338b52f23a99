//! Local tasks: arguments that no wire could carry, such as a channel, for tasks that stay here.

use std::error::Error;
use std::sync::mpsc::{Sender, channel};

/// Not serialisable, and needs not be.
#[derive(Clone, Debug)]
struct Page {
    title: String,
    readers: Sender<String>,
}

#[airlock::task(local)]
fn publish(page: Page, shout: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
    let title = if shout { page.title.to_uppercase() } else { page.title };
    Ok(page.readers.send(title)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (readers, inbox) = channel();
    let page = Page { title: "Airlocks".into(), readers };

    let (published, sealed) = airlock::scope().seal(|| {
        publish::enqueue(page.clone(), false)?;
        publish::enqueue(page.clone(), true)
    });
    published?;
    assert!(inbox.try_recv().is_err(), "nothing is published before the flush");

    // Policies, reports and typed arguments work as for any task.
    let titles: Vec<_> = sealed
        .intents()
        .filter_map(|intent| intent.arguments_of::<publish>())
        .map(|(page, _)| page.title.as_str())
        .collect();
    assert_eq!(titles, ["Airlocks", "Airlocks"]);
    sealed.flush()?;
    assert_eq!(inbox.try_iter().collect::<Vec<_>>(), ["Airlocks", "AIRLOCKS"]);

    // What is local says so to an engine that would send it elsewhere.
    let error = publish::intent(page, false).to_json().expect_err("it can't travel");
    println!("{error}");
    assert!(
        publish::intent(Page { title: String::new(), readers: channel().0 }, true)
            .task()
            .is_local()
    );
    Ok(())
}
