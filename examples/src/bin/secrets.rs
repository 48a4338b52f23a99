//! `#[secret]` parameters: the task gets them, and nobody else sees them.

use std::error::Error;
use std::sync::Mutex;

static RECEIVED: Mutex<Option<String>> = Mutex::new(None);

#[airlock::task(name = "mail.reset_password")]
fn send_reset_link(user_id: u64, #[secret] token: String) {
    println!("user {user_id} gets a link with {} characters", token.len());
    RECEIVED.lock().expect("nothing panics while it holds this").replace(token);
}

fn main() -> Result<(), Box<dyn Error>> {
    let intent = send_reset_link::intent(7, "c0ffee".into());
    println!("{intent}");
    assert_eq!(intent.to_string(), "mail.reset_password(user_id: 7, token: [secret])");
    assert!(!format!("{intent:?}").contains("c0ffee"));
    assert_eq!(intent.arguments()["token"], "[secret]");

    let (enqueued, sealed) = airlock::scope().seal(|| intent.enqueue());
    enqueued?;
    assert!(!sealed.inspect().to_string().contains("c0ffee"));
    let report = sealed.flush()?;
    println!("{report}");
    assert!(!report.to_string().contains("c0ffee"));
    assert!(!report.to_json().to_string().contains("c0ffee"));

    // The task, and an engine that takes it elsewhere, get the real one.
    assert_eq!(RECEIVED.lock()?.as_deref(), Some("c0ffee"));
    let wire = send_reset_link::intent(7, "c0ffee".into()).to_json()?;
    assert_eq!(wire, r#"{"user_id":7,"token":"c0ffee"}"#);
    Ok(())
}
