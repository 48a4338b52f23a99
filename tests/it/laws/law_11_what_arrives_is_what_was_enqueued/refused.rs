//! A value that JSON does not keep is refused by its parameter's name, and handed back.

use std::collections::{BTreeMap, HashMap};

use airlock::envelope::of_batch;
use airlock::{Batch, DispatchError, Executor, Intent};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an engine does with a batch first.
struct Engine;

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        of_batch(batch, "Engine", &[]).map(drop)
    }
}

/// Flushes one intent to an engine that can't have it, and gives what the flush says.
#[track_caller]
fn refused(intent: Intent) -> String {
    let line = intent.to_string();
    let flushed = airlock::scope().executor(Engine).run(|| intent.enqueue());
    let error = flushed.expect_err("no value but itself arrives");
    let (_, failed, _) = error.into_parts();
    let failed = &failed[0];
    assert_eq!(failed.intent.as_ref().map(ToString::to_string), Some(line), "it is handed back");
    failed.error.to_string()
}

#[track_caller]
fn sent(intent: Intent) {
    let flushed = airlock::scope().executor(Engine).run(|| intent.enqueue());
    flushed.expect("it arrives as it is").expect("it is enqueued");
}

#[airlock::task]
fn measure(id: u64, ratio: f64) {
    let _ = (id, ratio);
}

#[airlock::task]
fn estimate(ratio: Option<f32>) {
    let _ = ratio;
}

#[airlock::task]
#[expect(clippy::option_option, reason = "JSON has one null for both")]
fn nested(limits: Vec<Option<Option<u32>>>) {
    let _ = limits;
}

#[airlock::task]
fn touched(unit: Option<()>) {
    let _ = unit;
}

#[airlock::task]
fn patched(patch: Option<Value>) {
    let _ = patch;
}

#[test]
fn a_float_that_json_has_no_number_for() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let why = refused(measure::intent(1, value));
        assert!(why.contains("`ratio`"), "{why}");
        assert!(why.contains("JSON has no NaN and no infinities"), "{why}");
    }
    let why = refused(estimate::intent(Some(f32::NAN)));
    assert!(why.contains("of `ratio`, `Some(NaN)` would arrive as `None`"), "{why}");
    sent(estimate::intent(None));
    sent(estimate::intent(Some(-0.0)));
}

#[test]
fn a_some_that_json_has_only_a_null_for() {
    let why = refused(nested::intent(vec![Some(Some(1)), Some(None)]));
    assert!(why.contains("of `limits`, `[Some(Some(1)), Some(None)]` would arrive as"), "{why}");
    sent(nested::intent(vec![Some(Some(1)), None]));
    assert!(refused(touched::intent(Some(()))).contains("of `unit`, `Some(())`"));
    sent(touched::intent(None));
    assert!(refused(patched::intent(Some(Value::Null))).contains("of `patch`, `Some(Null)`"));
    sent(patched::intent(Some(Value::from(1))));
}

/// It can't be compared, and has no text.
#[derive(Serialize, Deserialize)]
struct Opaque {
    share: Option<f64>,
}

#[airlock::task]
fn opaque(shares: Vec<Opaque>) {
    let _ = shares;
}

#[test]
fn a_value_whose_type_can_nothing_but_go_to_json() {
    let why = refused(opaque::intent(vec![Opaque { share: Some(f64::NAN) }]));
    assert!(why.contains("`shares` would arrive as another value"), "{why}");
    sent(opaque::intent(vec![Opaque { share: Some(0.1) }]));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Basket {
    items: u32,
    #[serde(skip)]
    cached: Option<u32>,
}

/// The same without `==`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cart {
    items: u32,
    #[serde(skip)]
    cached: Option<u32>,
}

#[airlock::task]
fn pack(basket: Basket, cart: Cart) {
    let _ = (basket.cached, cart.cached);
}

#[test]
fn a_field_that_serde_skips() {
    let pack = |first, second| {
        pack::intent(Basket { items: 1, cached: first }, Cart { items: 1, cached: second })
    };
    let why = refused(pack(Some(3), None));
    assert!(why.contains("of `basket`, `Basket { items: 1, cached: Some(3) }` would"), "{why}");
    let why = refused(pack(None, Some(3)));
    assert!(why.contains("of `cart`"), "{why}");
    sent(pack(None, None));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(u8, u8);

#[airlock::task]
fn placed(places: BTreeMap<Place, u32>) {
    let _ = places;
}

#[test]
fn a_map_whose_keys_json_can_not_have() {
    let why = refused(placed::intent(BTreeMap::from([(Place(1, 2), 3)])));
    assert!(why.contains("`places`: key must be a string"), "{why}");
}

/// Reads what it does not write.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Lowered(String);

impl<'de> Deserialize<'de> for Lowered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.to_lowercase()))
    }
}

#[airlock::task]
fn invite(address: Lowered) {
    let _ = address;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Amount {
    Whole(u64),
    Text(String),
    Exact(u128),
}

#[airlock::task]
fn refund(amount: Amount) {
    let _ = amount;
}

#[test]
fn a_value_whose_type_reads_it_as_another() {
    let why = refused(invite::intent(Lowered("Ada".into())));
    assert!(why.contains(r#"of `address`, `Lowered("Ada")` would arrive as `Lowered("ada")`"#));
    sent(invite::intent(Lowered("ada".into())));
    let why = refused(refund::intent(Amount::Exact(1)));
    assert!(why.contains("of `amount`, `Exact(1)` would arrive as `Whole(1)`"), "{why}");
    sent(refund::intent(Amount::Whole(1)));
}

#[airlock::task]
fn secretly(#[secret] token: Option<f64>, #[secret] other: f64) {
    let _ = (token, other);
}

#[test]
fn a_secret_is_refused_and_not_shown() {
    let why = refused(secretly::intent(Some(f64::INFINITY), 0.0));
    assert!(why.contains("`token` would arrive as another value"), "{why}");
    assert!(!why.contains("inf)"), "{why}");
    let why = refused(secretly::intent(None, f64::INFINITY));
    assert!(why.contains("`other` would not be read: [secret]"), "{why}");
}

#[airlock::task]
fn counted(by_name: HashMap<String, f64>) {
    let _ = by_name;
}

#[test]
fn a_map_in_any_order_is_sent() {
    for _ in 0..20 {
        sent(counted::intent(('a'..='z').map(|name| (name.to_string(), 0.1)).collect()));
    }
}
