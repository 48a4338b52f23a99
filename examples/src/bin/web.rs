//! Requests that are scopes: below 400 the effects leave before the answer, and else they never do.

use std::error::Error;
use std::sync::Mutex;

use airlock::DropAll;
use airlock::tower::ScopeLayer;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::post;
use tower::ServiceExt;

static SENT: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[airlock::task]
fn send_mail(order_id: u64) {
    println!("mail for order {order_id}");
    SENT.lock().expect("nothing panics while it holds the list").push(order_id);
}

/// The mail is wanted before anybody looks whether there is enough in stock.
async fn place_order(Path(order_id): Path<u64>) -> Result<StatusCode, StatusCode> {
    send_mail::enqueue(order_id).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    if order_id > 100 { Err(StatusCode::CONFLICT) } else { Ok(StatusCode::CREATED) }
}

async fn ask(app: &Router, request: Request<Body>) -> Result<StatusCode, Box<dyn Error>> {
    Ok(app.clone().oneshot(request).await?.status())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let layer = ScopeLayer::new().scope(|request| {
        // For whoever may: a client that drops its own effects places orders of which nobody hears.
        let is_admin =
            request.headers.get("authorization").is_some_and(|who| who == "Bearer admin");
        let dry_run = is_admin && request.headers.contains_key("x-dry-run");
        if dry_run { airlock::scope().policy(DropAll) } else { airlock::scope() }
    });
    let app = Router::new().route("/orders/{order_id}", post(place_order)).layer(layer);

    println!("An order that can be placed.");
    let placed = ask(&app, Request::post("/orders/42").body(Body::empty())?).await?;
    assert_eq!((placed, SENT.lock()?.as_slice()), (StatusCode::CREATED, &[42_u64][..]));

    println!("One that can't.");
    let refused = ask(&app, Request::post("/orders/101").body(Body::empty())?).await?;
    assert_eq!(refused, StatusCode::CONFLICT);

    println!("One that is only a try.");
    let request = Request::post("/orders/43").header("x-dry-run", "yes");
    let request = request.header("authorization", "Bearer admin").body(Body::empty())?;
    assert_eq!(ask(&app, request).await?, StatusCode::CREATED);
    assert_eq!(SENT.lock()?.len(), 1);
    Ok(())
}
