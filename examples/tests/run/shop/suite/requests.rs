//! What each request does.

use super::http::{self, JSON};
use super::service;
use super::{ADMIN, Place, counted, drained, eventually, mails};

const TEAPOT: &str = "email=ada%40example.com&item=teapot&quantity=2";
const DRY_RUN: (&str, &str) = ("x-dry-run", "1");

pub(crate) fn orders_are_placed_shipped_and_cancelled_and_everybody_hears_of_it(place: &dyn Place) {
    let shop = place.open(&[]);
    let placed = shop.post("/orders", &[], TEAPOT);
    assert_eq!((placed.status, placed.header("location")), (303, Some("/orders/1")));
    let placed = shop.post("/orders", &[JSON], TEAPOT);
    assert_eq!((placed.status, placed.header("location")), (201, Some("/orders/2")));
    assert_eq!(placed.json()["email"], "ada@example.com");

    assert_eq!(shop.post("/orders/1/ship", &[], "").status, 303);
    assert_eq!(shop.post("/orders/2/cancel", &[JSON], "").json()["state"], "cancelled");
    let again = shop.post("/orders/2/ship", &[JSON], "");
    assert_eq!(again.status, 409);
    assert_eq!(again.json()["error"], "Order 2 can't be shipped: it is cancelled already.");
    assert_eq!(shop.post("/orders/3/ship", &[JSON], "").status, 404);

    drained(place);
    assert_eq!(
        mails(place),
        [
            "000001-confirmation.txt",
            "000001-pack.txt",
            "000001-shipping.txt",
            "000002-cancellation.txt",
            "000002-confirmation.txt",
            "000002-pack.txt",
            "000002-stop.txt",
        ]
    );
    let mail = shop.get("/mails/000001-shipping.txt", &[]);
    assert!(mail.body.starts_with("To: ada@example.com\n"), "{mail:?}");
    assert_eq!(shop.get("/mails/..%2Fshop.db", &[]).status, 404);
    assert_eq!(shop.get("/mails/000009-shipping.txt", &[]).status, 404);
}

pub(crate) fn json_is_read_as_forms_are(place: &dyn Place) {
    let shop = place.open(&[]);
    let body = r#"{"email": "ada@example.com", "item": "kettle", "quantity": 2}"#;
    let request =
        http::text("POST", "/orders", &[JSON, ("content-type", "application/json")], body);
    let placed = http::send(shop.port, &request).expect("an answer");
    assert_eq!((placed.status, placed.json()["quantity"].as_i64()), (201, Some(2)));
    let request = http::text("POST", "/orders", &[JSON, ("content-type", "application/json")], "{");
    assert_eq!(http::send(shop.port, &request).expect("an answer").status, 400);
}

pub(crate) fn an_order_that_fails_has_told_nobody(place: &dyn Place) {
    let shop = place.open(&[]);
    let refused = shop.post("/orders", &[JSON], "email=ada%40example.com&item=lamp&quantity=4");
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["error"], "There are not enough of these left: lamp.");
    // It had enqueued both before it failed.
    let effects = shop.get("/effects", &[JSON]).json();
    let effects = effects["requests"][0]["effects"].as_array().expect("a list");
    let fates: Vec<_> =
        effects.iter().map(|effect| effect["fate"].as_str().expect("text")).collect();
    assert_eq!(fates, ["discarded: error", "discarded: error"]);
    shop.stop();
    assert!(place.orders().is_empty());
    assert!(mails(place).is_empty());
}

pub(crate) fn an_admin_places_orders_without_a_confirmation(place: &dyn Place) {
    let shop = place.open(&[]);
    for headers in [&[JSON] as &[_], &[JSON, ("authorization", "Bearer secre")]] {
        let refused = shop.post("/admin/orders", headers, TEAPOT);
        assert_eq!(refused.status, 403);
        assert!(refused.json()["error"].as_str().expect("text").contains("admin token"));
    }
    assert_eq!(shop.post("/admin/orders", &[JSON, ADMIN], TEAPOT).status, 201);
    drained(place);
    let effects = shop.get("/orders/1", &[JSON]).json();
    let effects = &effects["requests"][0]["effects"];
    assert_eq!(effects[0]["fate"], "dropped by BlockTasks");
    assert_eq!(effects[1]["since"]["done"], "000001-pack.txt");
    assert_eq!(mails(place), ["000001-pack.txt"]);
}

pub(crate) fn a_dry_run_shows_what_would_happen_to_those_who_may_ask(place: &dyn Place) {
    let shop = place.open(&[]);
    assert_eq!(shop.post("/orders", &[DRY_RUN], TEAPOT).status, 403);
    assert_eq!(shop.post("/orders", &[ADMIN, ("x-dry-run", "0")], TEAPOT).status, 400);

    let shown = shop.post("/orders", &[DRY_RUN, ADMIN], TEAPOT);
    assert_eq!((shown.status, shown.header("x-dry-run")), (200, Some("1")));
    for line in ["mail.confirmation", "order_id: 1, item: \"teapot\", quantity: 2", "leaves"] {
        assert!(shown.body.contains(line), "{}", shown.body);
    }
    let shown = shop.post("/admin/orders", &[DRY_RUN, ADMIN], TEAPOT);
    assert!(shown.body.contains("dropped by BlockTasks"), "{}", shown.body);
    // What would fail says so.
    let form = "email=ada%40example.com&item=lamp&quantity=4";
    assert_eq!(shop.post("/orders", &[DRY_RUN, ADMIN], form).status, 409);

    assert_eq!(shop.get("/orders", &[JSON]).json()["count"], 0);
    assert_eq!(shop.get("/effects", &[JSON]).json()["requests"], serde_json::json!([]));
    shop.stop();
    assert!(mails(place).is_empty());
}

pub(crate) fn a_migration_tells_nobody(place: &dyn Place) {
    let shop = place.open(&[]);
    for _ in 0..3 {
        shop.post("/orders", &[], TEAPOT);
    }
    shop.post("/orders/2/cancel", &[], "");
    drained(place);
    let before = mails(place);

    // The service goes on meanwhile.
    let said = service::run(place, &["migrate"]);
    assert!(said.starts_with("scope migrate: 2 dropped\n"), "{said}");
    assert_eq!(said.matches("dropped by DropAll").count(), 2, "{said}");
    assert!(said.contains("Open orders marked as shipped: 2. Nobody got a mail."), "{said}");

    drained(place);
    assert_eq!(mails(place), before);
    let states: Vec<_> = place.orders().into_iter().map(|order| order.state).collect();
    assert_eq!(states, ["shipped", "cancelled", "shipped"]);
    let page = shop.get("/effects", &[]);
    assert!(page.body.contains("dropped by DropAll"), "{}", page.body);
}

pub(crate) fn a_restart_keeps_everything(place: &dyn Place) {
    let shop = place.open(&[]);
    shop.post("/orders", &[], TEAPOT);
    let (well, said) = shop.stop();
    assert!(well, "{said}");

    let shop = place.open(&[]);
    let order = shop.get("/orders/1", &[JSON]).json();
    assert_eq!(order["order"]["email"], "ada@example.com");
    eventually("the mail", || mails(place).len() == 2);
    shop.kill();
    let counts = counted(place);
    counts.check();
    assert_eq!((counts.orders, counts.effects), (1, 2));
}

pub(crate) fn pages_say_what_is_there_and_run_no_scripts(place: &dyn Place) {
    let shop = place.open(&[]);
    assert!(shop.get("/orders", &[]).body.contains("There are none yet."));
    let form = "email=%22%3E%3Cscript%3E%40example.com&item=teapot&quantity=0";
    let again = shop.post("/orders", &[], form);
    assert_eq!(again.status, 422);
    for part in [
        "<html lang=\"en\">",
        "<label for=\"email\">",
        "aria-describedby=\"email-problem\"",
        "Write a whole number from 1 to 1000.",
        // What was written is kept, and is text.
        "value=\"&quot;&gt;&lt;script&gt;@example.com\"",
    ] {
        assert!(again.body.contains(part), "no {part}: {}", again.body);
    }
    assert!(!again.body.contains("<script"), "{}", again.body);
    assert!(
        again.header("content-security-policy").expect("one").starts_with("default-src 'none';")
    );

    shop.post("/orders", &[], TEAPOT);
    drained(place);
    let page = shop.get("/orders/1", &[]).body;
    for part in
        ["Order 1", "ada@example.com", "done by the worker", "href=\"/mails/000001-pack.txt\""]
    {
        assert!(page.contains(part), "no {part}: {page}");
    }
    for (path, status) in [("/nowhere", 404), ("/orders/x", 404), ("/orders/1/ship", 405)] {
        let page = shop.get(path, &[]);
        assert_eq!(page.status, status, "{path}");
        assert!(page.body.contains("<h1>"), "{}", page.body);
    }
    assert_eq!(shop.get("/", &[]).header("location"), Some("/orders"));
    assert_eq!(shop.get("/style.css", &[]).status, 200);
    let refused = a_page_elsewhere_reads_and_writes_nothing(&shop);
    println!("of a page elsewhere, {refused} of {refused} requests refused");
    for elsewhere in ["cross-site", "same-site"] {
        let foreign = [("sec-fetch-site", elsewhere)];
        assert_eq!(shop.post("/orders/1/cancel", &foreign, "").status, 403, "{elsewhere}");
    }
}

/// Neither by its own name at this machine's address, nor by a form; how many requests were refused.
fn a_page_elsewhere_reads_and_writes_nothing(shop: &service::Service) -> usize {
    let own = format!("localhost:{}", shop.port);
    let (same, numbers) = (format!("http://{own}"), format!("127.0.0.1:{}", shop.port));
    let elsewhere = format!("rebound.example:{}", shop.port);
    let mut refused = 0;
    for host in
        [&*elsewhere, "rebound.example", "localhost.rebound.example", "127.0.0.1.example", ""]
    {
        for (path, headers) in [
            ("/orders", vec![("host", host)]),
            ("/effects", vec![("host", host), ("accept", "application/json")]),
            ("/mails/000001-pack.txt", vec![("host", host)]),
        ] {
            let read = shop.get(path, &headers);
            assert_eq!(read.status, 421, "{host} {path}");
            assert!(!read.body.contains("ada@example.com"), "{}", read.body);
            refused += 1;
        }
        let form = [("host", host), ("origin", "http://rebound.example")];
        assert_eq!(shop.post("/orders/1/cancel", &form, "").status, 421, "{host}");
        refused += 1;
    }
    for origin in ["http://rebound.example", "http://localhost:1", "null", ""] {
        let form = [("host", &*own), ("origin", origin)];
        assert_eq!(shop.post("/orders/1/cancel", &form, "").status, 403, "{origin}");
        refused += 1;
    }
    for host in [&*own, &*numbers, "[::1]", "LOCALHOST"] {
        assert_eq!(shop.get("/orders", &[("host", host)]).status, 200, "{host}");
    }
    let form = [("host", &*own), ("origin", &*same)];
    assert_eq!(shop.post("/orders/9/cancel", &form, "").status, 404);
    refused
}
