//! What only looks: pages, or the same as JSON.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;
use serde_json::json;

use super::answer::Failure;
use super::input::Fields;
use super::place::items;
use super::{Asked, Shop};
use crate::error::ShopError;
use crate::{pages, record};

pub(super) async fn orders(State(shop): State<Shop>, asked: Asked) -> Result<Response, Failure> {
    let read = async {
        let mut reader = shop.store.acquire().await?;
        let mut connection = reader.connection();
        Ok::<_, ShopError>((connection.orders().await?, connection.count_orders().await?))
    };
    let (orders, count) = read.await.map_err(Failure::of(asked))?;
    if asked.json {
        return Ok(Json(json!({ "count": count, "orders": orders })).into_response());
    }
    Ok(page(pages::orders(&orders, count)))
}

pub(super) async fn form(State(shop): State<Shop>, asked: Asked) -> Result<Response, Failure> {
    let items = items(&shop).await.map_err(Failure::of(asked))?;
    Ok(page(pages::form(&items, &Fields::default(), &[])))
}

pub(super) async fn order(
    State(shop): State<Shop>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let read = async {
        let id = id_of(&id)?;
        let order = shop.store.acquire().await?.connection().order(id).await?;
        let order = order.ok_or(ShopError::NoSuchOrder(id))?;
        let records = record::list(&shop.store, &shop.outbox, Some(id)).await?;
        Ok::<_, ShopError>((order, records))
    };
    let (order, records) = read.await.map_err(Failure::of(asked))?;
    if asked.json {
        return Ok(Json(json!({ "order": order, "requests": records })).into_response());
    }
    Ok(page(pages::order(&order, &records)))
}

pub(super) async fn effects(State(shop): State<Shop>, asked: Asked) -> Result<Response, Failure> {
    let records =
        record::list(&shop.store, &shop.outbox, None).await.map_err(Failure::of(asked))?;
    if asked.json {
        return Ok(Json(json!({ "requests": records })).into_response());
    }
    Ok(page(pages::effects(&records)))
}

pub(super) async fn mail(
    State(shop): State<Shop>,
    asked: Asked,
    Path(file): Path<String>,
) -> Result<Response, Failure> {
    let text = shop.outbox.read(&file).map_err(ShopError::Outbox).map_err(Failure::of(asked))?;
    let text = text.ok_or(ShopError::NoSuchPage).map_err(Failure::of(asked))?;
    Ok(text.into_response())
}

pub(super) async fn nothing(asked: Asked) -> Response {
    Failure::page(asked, ShopError::NoSuchPage)
}

pub(super) async fn not_so(asked: Asked) -> Response {
    Failure::page(asked, ShopError::NoSuchMethod)
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../pages/style.css"))
}

/// The number in an address; whatever is none is no order's.
pub(super) fn id_of(text: &str) -> Result<i64, ShopError> {
    text.parse().map_err(|_| ShopError::NoSuchPage)
}

fn page(markup: Markup) -> Response {
    Html(markup.into_string()).into_response()
}
