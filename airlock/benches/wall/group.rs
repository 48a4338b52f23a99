//! What a case looks like to divan.

/// The two sides of a case, at each of its sizes.
macro_rules! group {
    (
        $group:ident: $sizes:expr, $($airlock:ident)::+, $($by_hand:ident)::+
        $(, $option:ident = $value:expr)*
    ) => {
        mod $group {
            #[divan::bench(args = $sizes $(, $option = $value)*)]
            fn airlock(size: u64) {
                crate::cases::$($airlock)::+(size);
            }

            #[divan::bench(args = $sizes $(, $option = $value)*)]
            fn by_hand(size: u64) {
                crate::cases::$($by_hand)::+(size);
            }
        }
    };
}
