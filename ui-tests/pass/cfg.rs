//! Tasks that are there in some builds only, and documented and deprecated ones.

#[airlock::task]
#[cfg(test)]
fn send(order_id: u64) {
    let _ = order_id;
}

#[airlock::task]
#[cfg(not(test))]
fn send(order_id: String, nothing: NotThere) {
    let _ = (order_id, nothing);
}

/// Was sent by fax.
#[deprecated = "nobody has one"]
#[airlock::task]
fn fax(#[cfg_attr(test, allow(unused_variables, reason = "it is not sent"))] order_id: u64) {}

#[test]
fn the_one_of_this_build_is_there() {
    assert_eq!(send::intent(42).to_string(), "pass::cfg::send(order_id: 42)");
    #[expect(deprecated, reason = "it still compiles")]
    let intent = fax::intent(42);
    assert_eq!(intent.to_string(), "pass::cfg::fax(order_id: 42)");
}
