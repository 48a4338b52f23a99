//! A misspelt variant, by way of a macro's fragment.

macro_rules! scope {
    ($function:ident, $path:path) => {
        #[airlock::scoped(on_failure = $path)]
        fn $function() {}
    };
}

scope!(checkout, Contniue);

fn main() {}
