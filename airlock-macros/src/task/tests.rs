//! What is refused, and what it is told.

use proc_macro2::TokenStream;
use quote::quote;

use super::{check, parse};
use crate::errors::Errors;
use crate::messages;

fn mistakes_with(options: TokenStream, item: TokenStream) -> Vec<String> {
    let errors = Errors::new();
    if let Some(input) = parse::Input::parse(&errors, options, item) {
        let before = errors.count();
        let refused = check::check(&errors, input).is_err();
        assert_eq!(refused, errors.count() > before, "refused exactly what is wrong");
    }
    errors.messages()
}

fn mistakes(item: TokenStream) -> Vec<String> {
    mistakes_with(TokenStream::new(), item)
}

#[test]
fn takes_functions() {
    for function in [
        quote!(
            fn f() {}
        ),
        quote!(pub(crate) async fn f(mut a: u64, _b: Option<String>, r#type: Vec<[u8; 4]>) -> Result<(), E> { not parsed }),
        quote!(
            #[doc = "text"]
            fn f(
                #[state] smtp: &Smtp,
                #[allow(unused)]
                #[secret]
                token: String,
                #[default] note: String,
                #[secret]
                #[default(3 + 4)]
                pin: u8,
            ) {
            }
        ),
        quote!(
            fn f(#[state] own: &Path, name: Cow<'static, str>, call: fn(&str) -> &str) {}
        ),
    ] {
        assert_eq!(mistakes(function), [""; 0]);
    }
    assert_eq!(
        mistakes_with(
            quote!(local),
            quote!(
                fn f(name: &'static str) {}
            )
        ),
        [""; 0]
    );
}

#[test]
fn refuses_what_is_no_free_function() {
    for item in [
        quote!(
            struct S;
        ),
        quote!(impl S {}),
        quote!(
            const C: u8 = 1;
        ),
        quote!(|| ()),
    ] {
        assert_eq!(mistakes(item), [messages::not_a_function("task")]);
    }
    assert_eq!(
        mistakes(quote!(
            fn f(&self, id: u64) {}
        )),
        [messages::METHOD]
    );
    assert_eq!(
        mistakes(quote!(
            fn f(self: Box<Self>) {}
        )),
        [messages::METHOD]
    );
}

#[test]
fn refuses_generics() {
    assert_eq!(
        mistakes(quote!(
            fn f<T: Send>(value: T)
            where
                T: Sync,
            {
            }
        )),
        [messages::GENERIC]
    );
    assert_eq!(
        mistakes(quote!(
            fn f<const N: usize>() {}
        )),
        [messages::GENERIC]
    );
    assert_eq!(
        mistakes(quote!(
            fn f<'a>() {}
        )),
        [messages::GENERIC_LIFETIME]
    );
    assert_eq!(
        mistakes(quote!(
            fn f()
            where
                String: Send,
            {
            }
        )),
        [messages::WHERE_CLAUSE]
    );
}

#[test]
fn refuses_qualifiers() {
    assert_eq!(
        mistakes(quote!(
            unsafe fn f() {}
        )),
        [messages::UNSAFE_FN]
    );
    assert_eq!(
        mistakes(quote!(
            extern "C" fn f() {}
        )),
        [messages::EXTERN_FN]
    );
    assert_eq!(
        mistakes(quote!(
            const fn f() {}
        )),
        [messages::CONST_FN]
    );
    assert_eq!(
        mistakes(quote!(
            unsafe extern "C" fn f(id: u8, ...) {}
        )),
        [messages::UNSAFE_FN, messages::EXTERN_FN, messages::VARIADIC]
    );
}

#[test]
fn refuses_what_borrows() {
    for (ty, message) in [
        (quote!(&str), "`&str` can't wait in a buffer: take `String`"),
        (quote!(&'a [u8]), "`&'a [u8]` can't wait in a buffer: take `Vec<u8>`"),
        (
            quote!(&Order),
            "`&Order` can't wait in a buffer: take `Order` by value, or mark it `#[state]`",
        ),
        (quote!(&mut Order), "`&mut Order` can't wait in a buffer: take `Order` by value"),
        (quote!(Option<&str>), "`Option<&str>` can't wait in a buffer: take `Option<String>`"),
        (quote!(Cow<'_, str>), "`Cow<'_, str>` can't wait in a buffer: take `Cow<'static, str>`"),
        (
            quote!(Row<'a>),
            "`Row<'a>` borrows, and can't wait in a buffer: take a type that owns what it holds",
        ),
        (
            quote!(impl Into<String>),
            "`impl Into<String>` doesn't say which type to read the argument back as: name one",
        ),
    ] {
        assert_eq!(mistakes(quote!(fn f<'a>(argument: #ty, lifetime: Row<'static>) {})), [message]);
    }
}

#[test]
fn refuses_what_has_no_name() {
    assert_eq!(
        mistakes(quote!(
            fn f(_: u8) {}
        )),
        [messages::UNNAMED]
    );
    for (pattern, text) in
        [(quote!((a, b)), "(a, b)"), (quote!(ref a), "ref a"), (quote!(Id(id)), "Id(id)")]
    {
        assert_eq!(mistakes(quote!(fn f(#pattern: T) {})), [messages::pattern(text)]);
    }
}

#[test]
fn refuses_misused_attributes() {
    for (parameter, message) in [
        (quote!(#[state] smtp: Smtp), messages::state_by_value("Smtp")),
        (quote!(#[state] smtp: &mut Smtp), messages::state_mutable("Smtp")),
        (quote!(#[state] smtp: &'static Smtp), messages::state_lifetime("Smtp")),
        (quote!(#[state] row: &Row<'_>), messages::state_borrows("Row<'_>")),
        (quote!(#[state] name: &'static str), messages::state_unsized("String")),
        (quote!(#[state] sizes: &mut [u64]), messages::state_unsized("Vec<u64>")),
        (
            quote!(#[state] smtp: &(dyn Smtp + Sync)),
            messages::state_unsized("Arc<dyn Smtp + Sync>"),
        ),
        (quote!(#[state] #[secret] smtp: &Smtp), messages::STATE_AND_SECRET.to_owned()),
        (quote!(#[default] #[state] smtp: &Smtp), messages::STATE_AND_DEFAULT.to_owned()),
        (quote!(#[default = 3] id: u64), messages::DEFAULT_VALUE.to_owned()),
        (quote!(#[default()] id: u64), messages::DEFAULT_VALUE.to_owned()),
        (quote!(#[default] #[default(1)] id: u64), messages::repeated_marker("default")),
        (quote!(#[cfg(unix)] id: u64), messages::CFG_PARAMETER.to_owned()),
    ] {
        assert_eq!(mistakes(quote!(fn f(#parameter) {})), [message]);
    }
}

#[test]
fn refuses_what_was_not_removed() {
    let function = || {
        quote!(
            fn f(id: u64, r#type: u8) {}
        )
    };
    assert_eq!(mistakes_with(quote!(removed = ["note", "to"]), function()), [""; 0]);
    for (options, message) in [
        (quote!(removed = "note"), messages::REMOVED_NEEDS_NAMES.to_owned()),
        (quote!(removed = [note, "to"]), messages::REMOVED_NEEDS_NAMES.to_owned()),
        (quote!(removed = ["note", "id"]), messages::removed_is_here("id")),
        (quote!(removed = ["type"]), messages::removed_is_here("type")),
        (quote!(removed = ["note", "note"]), messages::removed_twice("note")),
        (quote!(local, removed = ["note"]), messages::REMOVED_LOCAL.to_owned()),
    ] {
        assert_eq!(mistakes_with(options, function()), [message]);
    }
    let default = quote!(
        fn f(#[default] id: u64) {}
    );
    assert_eq!(mistakes_with(quote!(local), default), [messages::DEFAULT_LOCAL]);
}

#[test]
fn refuses_futures_that_nobody_awaits() {
    let function = quote!(
        fn f() -> impl Future<Output = ()> {
            async {}
        }
    );
    assert_eq!(mistakes(function), [messages::RETURNS_FUTURE]);
}

#[test]
fn refuses_a_thirteenth_argument() {
    let names = (0..13).map(|index| quote::format_ident!("a{index}"));
    assert_eq!(
        mistakes(quote!(fn f(#[state] s: &S, #(#names: u8),*) {})),
        [messages::TOO_MANY_ARGUMENTS]
    );
}

#[test]
fn reports_all_at_once() {
    let options = quote!(name = "", quue = "x", max_attempts = 0_0u32);
    let function = quote!(
        const fn f<T>(_: u8, text: &str) {}
    );
    assert_eq!(mistakes_with(options, function).len(), 7);
}

#[test]
fn refuses_what_was_never_a_former_name() {
    let function = || {
        quote!(
            fn f(#[also("order", "oid")] id: u64, #[also("nick")] name: String) {}
        )
    };
    assert_eq!(mistakes_with(quote!(name = "b", also = ["a", "c"]), function()), [""; 0]);
    for (options, message) in [
        (quote!(also = "a"), messages::ALSO_NEEDS_NAMES.to_owned()),
        (quote!(also = [a]), messages::ALSO_NEEDS_NAMES.to_owned()),
        (quote!(also = [""]), messages::ALSO_NEEDS_NAMES.to_owned()),
        (quote!(also = ["a", "a"]), messages::removed_twice("a")),
        (quote!(name = "a", also = ["a"]), messages::also_is_here("a")),
    ] {
        assert_eq!(mistakes_with(options, function()), [message]);
    }
    for (parameters, message) in [
        (quote!(#[also] id: u64), messages::ALSO_ARGUMENT.to_owned()),
        (quote!(#[also()] id: u64), messages::ALSO_ARGUMENT.to_owned()),
        (quote!(#[also(order)] id: u64), messages::ALSO_ARGUMENT.to_owned()),
        (quote!(#[also("id")] id: u64), messages::also_is_here("id")),
        (quote!(#[also("b")] a: u64, b: u64), messages::also_is_here("b")),
        (quote!(b: u64, #[also("b")] a: u64), messages::also_is_here("b")),
        (quote!(#[also("c")] a: u64, #[also("c")] b: u64), messages::also_is_here("c")),
        (quote!(#[also("c")] #[also("d")] a: u64), messages::repeated_marker("also")),
        (quote!(#[state] #[also("c")] a: &u64), messages::ALSO_STATE.to_owned()),
    ] {
        assert_eq!(mistakes(quote!(fn f(#parameters) {})), [message]);
    }
    let plain = quote!(
        fn f(id: u64) {}
    );
    assert_eq!(mistakes_with(quote!(local, also = ["a"]), plain), [messages::ALSO_LOCAL]);
}
