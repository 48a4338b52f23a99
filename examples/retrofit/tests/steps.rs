//! The same requests to each step, and which of the two faults each still has.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use retrofit::{
    Order, Shop, Smtp, before, open, step_1_scope, step_2_transaction, step_3_rows, work_off,
};
use tower::ServiceExt as _;

struct Service {
    app: Router,
    shop: Shop,
    _folder: tempfile::TempDir,
}

impl Service {
    async fn of(step: fn(Shop) -> Router) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = open(&folder.path().join("shop.db")).await.expect("a file");
        let shop = Shop { pool, smtp: Smtp::default() };
        Self { app: step(shop.clone()), shop, _folder: folder }
    }

    async fn order(&self, item: &str) -> StatusCode {
        let order = Order { item: item.to_owned(), email: "ada@example.com".to_owned() };
        let request = Request::post("/orders")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(serde_json::to_string(&order).expect("JSON")))
            .expect("a request");
        self.app.clone().oneshot(request).await.expect("it answers").status()
    }

    async fn orders(&self) -> Vec<i64> {
        sqlx::query_scalar("SELECT id FROM orders ORDER BY id")
            .fetch_all(&self.shop.pool)
            .await
            .expect("orders")
    }

    async fn work_off(&self) -> Vec<i64> {
        work_off(&self.shop.pool, &self.shop.smtp).await.expect("worked off")
    }

    fn confirmations(&self) -> usize {
        let sent = self.shop.smtp.sent();
        sent.iter().filter(|mail| mail.starts_with("confirmation")).count()
    }
}

const STEPS: [(&str, fn(Shop) -> Router); 4] = [
    ("before", before::app),
    ("step 1", step_1_scope::app),
    ("step 2", step_2_transaction::app),
    ("step 3", step_3_rows::app),
];

#[tokio::test]
async fn an_order_has_its_confirmation_its_job_and_its_newsletter() {
    for (name, step) in STEPS {
        let service = Service::of(step).await;
        assert_eq!(service.order("teapot").await, StatusCode::CREATED, "{name}");
        assert_eq!(
            (service.orders().await, service.work_off().await),
            (vec![1], vec![1]),
            "{name}"
        );
        let mut sent = service.shop.smtp.sent();
        sent.sort();
        let both = ["confirmation of 1 to ada@example.com", "newsletter to ada@example.com"];
        assert_eq!(sent, both, "{name}");
    }
}

/// The first fault: it fails before, and passes from step 1 on.
#[tokio::test]
async fn an_order_that_is_rolled_back_has_no_mail() {
    for (name, step) in STEPS {
        let service = Service::of(step).await;
        assert_eq!(service.order("lamp").await, StatusCode::CONFLICT, "{name}");
        assert_eq!((service.orders().await, service.work_off().await), (vec![], vec![]), "{name}");
        let is_before = name == "before";
        assert_eq!(service.shop.smtp.sent().is_empty(), !is_before, "{name}");
    }
}

/// The second fault: it fails until step 3. A mail server that is down stands for a crash between the commit and the mail.
#[tokio::test]
async fn an_order_has_its_mail_though_the_mail_server_was_down() {
    for (name, step) in STEPS {
        let service = Service::of(step).await;
        service.shop.smtp.be_down(true);
        let status = service.order("teapot").await;
        assert_eq!(service.orders().await, [1], "{name}");
        service.work_off().await;
        service.shop.smtp.be_down(false);
        service.work_off().await;
        let is_last = name == "step 3";
        assert_eq!(service.confirmations(), usize::from(is_last), "{name}");
        // In between the client is told at least, where before nobody was.
        let told = matches!(name, "step 1" | "step 2");
        assert_eq!(status.is_server_error(), told, "{name}: {status}");
    }
}

/// The page that walks through the steps shows what they are.
#[test]
fn the_page_shows_the_steps_as_they_are() {
    let read = |file: &str| std::fs::read_to_string(file).expect("it is there");
    let page = read("../../docs/adopting.md");
    let step = |name: &str| read(&format!("src/{name}.rs"));
    let steps = [
        ("## Step 1", step("before"), step("step_1_scope")),
        ("## Step 2", step("step_1_scope"), step("step_2_transaction")),
        ("## Step 3", step("step_2_transaction"), step("step_3_rows")),
    ];
    let has = |text: &str, line: &str| text.lines().any(|other| other.trim() == line.trim());
    for (heading, old, new) in steps {
        let (_, section) = page.split_once(heading).expect("the step has a section");
        let section = section.split("\n## ").next().expect("a split gives something");
        let diffs: Vec<_> = section.split("```diff\n").skip(1).collect();
        assert!(!diffs.is_empty(), "{heading} shows nothing");
        for line in diffs.iter().flat_map(|diff| diff.split("\n```").next()).flat_map(str::lines) {
            let (sign, line) = line.split_at_checked(1).expect("a line has its sign");
            let (in_old, in_new) = (has(&old, line), has(&new, line));
            let right = match sign {
                // A brace alone is in both.
                "-" => in_old && (!in_new || line.trim() == "}"),
                "+" => in_new,
                _ => in_old && in_new,
            };
            assert!(right, "{heading}: {sign}{line}");
        }
    }
}
