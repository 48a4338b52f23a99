//! Tasks that Python's workers run, and messages that its clients send.

use std::process::Command;

use crate::servers;

#[airlock::task(name = "mail.confirmation")]
pub(crate) fn mail_confirmation(order_id: u64, #[secret] note: String) {
    unreachable!("Python's: {order_id}, {note}")
}

#[airlock::task(name = "warehouse.notify")]
pub(crate) fn warehouse_notify(order_id: u64) {
    unreachable!("Python's: {order_id}")
}

#[airlock::task(name = "fails", max_attempts = 3)]
pub(crate) fn fails(reason: String) {
    unreachable!("Python's: {reason}")
}

/// Has Celery send something to a queue: `script` has an `app` of Celery's.
pub(crate) fn send_from_celery(broker: &str, queue: &str, script: &str) {
    let script = format!(
        "from celery import Celery\n\
         app = Celery('sender', broker={broker:?})\n\
         app.conf.task_default_queue = {queue:?}\n\
         {script}\n"
    );
    let output = Command::new(servers::given("AIRLOCK_PYTHON"))
        .args(["-c", &script])
        .output()
        .expect("AIRLOCK_PYTHON names an interpreter");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
