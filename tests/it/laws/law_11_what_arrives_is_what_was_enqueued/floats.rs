//! Every float that JSON has a number for arrives with all its bits.

use std::time::SystemTime;

use airlock::Task;
use airlock::envelope::Envelope;

#[airlock::task]
fn measure(double: f64, single: f32, several: Vec<f64>) {
    let _ = (double, single, several);
}

/// A stream of bits that is the same in every run.
fn bits() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

#[test]
fn each_of_300_000_floats_arrives_with_its_bits() {
    let registry = airlock::registry().expect("no two tasks have one name");
    let edges = [0.0, -0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::MIN, 125.656_379_569_113_57];
    let doubles = edges.into_iter().chain(bits().map(f64::from_bits)).filter(|f| f.is_finite());
    let bits = bits().map(|bits| f32::from_bits((bits >> 32) as u32));
    let singles = bits.filter(|float| float.is_finite());
    for (double, single) in doubles.zip(singles).take(300_000) {
        let sent = measure::intent(double, single, vec![double, f64::from(single)]);
        let envelope = Envelope::of(&sent, SystemTime::now()).expect("it is sent");
        let came = Envelope::from_json(&envelope.to_json()).expect("it is an envelope");
        let intent = came.intent(registry).expect("it is read");
        let (d, s, several) = intent.arguments_of::<measure>().expect("the arguments are there");
        assert_eq!((d.to_bits(), s.to_bits()), (double.to_bits(), single.to_bits()), "{sent}");
        assert_eq!(several[0].to_bits(), double.to_bits(), "{sent}");
        assert_eq!(intent.name(), measure::NAME);
    }
}
