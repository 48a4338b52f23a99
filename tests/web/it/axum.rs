//! axum.

use airlock::axum::CurrentScope;
use airlock::tower::ScopeLayer;
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::get;
use http::StatusCode;

use crate::frameworks::{
    Framework, Gone, Told, answer, conforms, kept, panics, rule, scope_of, shown, slow, stream,
    without_mail,
};
use crate::support::{Effects, Server};

struct Axum;

conforms!(Axum);

impl Framework for Axum {
    const GONE: Gone = Gone::IsDropped;
    const PANIC: Option<StatusCode> = None;
    const ADD: Option<&'static str> = Some("`.layer(airlock::tower::ScopeLayer::new())`");

    async fn serve(effects: &Effects, told: Told) -> Server {
        let effects = effects.clone();
        let layer = ScopeLayer::new().scope(move |request| {
            let header = request.headers.get("x-scope").and_then(|value| value.to_str().ok());
            scope_of(&effects, header)
        });
        let routes = Router::new()
            .route("/answer/{status}", get(answers))
            .route("/quiet/{status}", get(async |status| (answers(status).await, QUIET)))
            .route("/error/{status}", get(async |status| Err::<(), _>(answers(status).await)))
            .route("/slow", get(slow))
            .route("/stream", get(async || Body::from_stream(stream().await)))
            .route("/panic", get(panics))
            .route("/blocked", get(without_mail))
            .route("/scope", get(scope));
        let scoped = match told {
            Told::Nothing => routes.layer(layer),
            Told::AfterResponse => routes.layer(layer.after_response()),
            Told::Rules => routes.layer(layer.flush_when(rule).on_flush_error(|error| {
                (StatusCode::SERVICE_UNAVAILABLE, kept(error)).into_response()
            })),
        };
        Server::axum(scoped.route("/outside", get(scope))).await
    }
}

const QUIET: [(&str, &str); 1] = [("x-effects", "none")];

async fn scope(CurrentScope(scope): CurrentScope) -> String {
    shown(&scope)
}

async fn answers(Path(status): Path<u16>) -> StatusCode {
    StatusCode::from_u16(answer(status).await).expect("a status")
}
