//! What is sent: a form, or JSON.

use axum::extract::rejection::{FormRejection, JsonRejection};
use axum::extract::{FromRequest, Request};
use axum::{Form, Json};
use serde::Deserialize;

use super::answer::Failure;
use super::{Asked, header_of};
use crate::error::ShopError;

/// What somebody wrote into the fields of an order, whatever it is.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Fields {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default)]
    pub(crate) item: String,
    #[serde(default)]
    quantity: Quantity,
}

/// A number in JSON is text in a form.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Quantity {
    Number(i64),
    Text(String),
}

impl Default for Quantity {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Fields {
    pub(crate) fn quantity(&self) -> String {
        match &self.quantity {
            Quantity::Number(number) => number.to_string(),
            Quantity::Text(text) => text.clone(),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let asked = request.extensions().get::<Asked>().copied().unwrap_or_default();
        let unreadable = |why: String| Failure::of(asked)(ShopError::Unreadable(why));
        let json = header_of(&request, "content-type").is_some_and(|kind| kind.contains("json"));
        if json {
            let read: Result<Json<Self>, JsonRejection> = Json::from_request(request, state).await;
            return read.map(|Json(fields)| fields).map_err(|why| unreadable(why.body_text()));
        }
        let read: Result<Form<Self>, FormRejection> = Form::from_request(request, state).await;
        read.map(|Form(fields)| fields).map_err(|why| unreadable(why.body_text()))
    }
}
