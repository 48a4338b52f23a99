//! Law 11 once more, with the features of `serde_json` that a user's tree may turn on; and manifests with schemas.

#[path = "../../it/laws/law_11_what_arrives_is_what_was_enqueued/mod.rs"]
mod law_11;
mod schemas;
#[path = "../../it/support.rs"]
#[allow(dead_code, unused_macros, unused_imports, reason = "the law needs little of it")]
mod support;
