//! Law 11 once more, with the features of `serde_json` that a user's tree may turn on.
