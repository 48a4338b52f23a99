//! Nothing: what is here is in `ui`.
