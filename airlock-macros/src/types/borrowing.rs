//! Whether a type borrows, and what to write instead.

use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, PathArguments, PathSegment,
    TraitBound, Type, TypeFnPtr, TypeReference, parse_quote,
};

use super::{bare, last_segment};

/// Whether values of the type borrow from something that isn't `'static`, as far as its tokens say.
pub(crate) fn borrows(ty: &Type) -> bool {
    let mut search = Borrow { found: false };
    search.visit_type_mut(&mut ty.clone());
    search.found
}

struct Borrow {
    found: bool,
}

impl VisitMut for Borrow {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.found |= reference.lifetime.is_none();
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        self.found |= lifetime.ident != "static";
    }

    // What a function borrows when it is called, its value doesn't hold.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        if bound.lifetimes.is_none() {
            visit_mut::visit_trait_bound_mut(self, bound);
        }
    }
}

/// The type that owns what this one borrows: `Option<String>` for `Option<&str>`.
///
/// A guess by the names of the standard library's types; what it doesn't know, it leaves borrowing.
pub(crate) fn owned(ty: &Type) -> Type {
    let mut ty = ty.clone();
    Owner.visit_type_mut(&mut ty);
    ty
}

struct Owner;

impl VisitMut for Owner {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let Type::Reference(reference) = ty else { return };
        let elem = bare(&reference.elem);
        *ty = match elem {
            Type::Slice(slice) => {
                let elem = &slice.elem;
                parse_quote!(Vec<#elem>)
            }
            Type::TraitObject(object) => parse_quote!(Box<#object>),
            elem => match last_segment(elem).map(|last| last.ident.to_string()).as_deref() {
                Some("str") => parse_quote!(String),
                Some("Path") => parse_quote!(PathBuf),
                Some("OsStr") => parse_quote!(OsString),
                Some("CStr") => parse_quote!(CString),
                _ => elem.clone(),
            },
        };
    }

    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        visit_mut::visit_path_segment_mut(self, segment);
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
            && segment.ident == "Cow"
            && let Some(GenericArgument::Lifetime(lifetime)) = arguments.args.first_mut()
        {
            *lifetime = parse_quote!('static);
        }
    }
}

/// The type with a size that holds what this one, without a size, is: `String` for `str`. `None` for other types.
///
/// Only what no type of the user's own can be named like.
pub(crate) fn sized(ty: &Type) -> Option<Type> {
    match bare(ty) {
        Type::Slice(slice) => {
            let elem = &slice.elem;
            Some(parse_quote!(Vec<#elem>))
        }
        Type::TraitObject(object) => Some(parse_quote!(Arc<#object>)),
        Type::Path(path) if path.path.is_ident("str") => Some(parse_quote!(String)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::written;

    #[test]
    fn sees_what_borrows() {
        for borrowing in
            ["&str", "Option<&'a str>", "Cow<'_, str>", "[&u8; 4]", "Box<dyn Trait + 'a>"]
        {
            assert!(borrows(&syn::parse_str(borrowing).expect(borrowing)), "{borrowing}");
        }
        for owning in [
            "String",
            "&'static str",
            "fn(&str)",
            "Box<dyn Fn(&str) -> &str>",
            "Box<dyn for<'a> T<'a>>",
        ] {
            assert!(!borrows(&syn::parse_str(owning).expect(owning)), "{owning}");
        }
    }

    #[test]
    fn knows_the_owning_types() {
        for (borrowing, owning) in [
            ("Option<&str>", "Option<String>"),
            ("&[&str]", "Vec<String>"),
            ("Cow<'a, str>", "Cow<'static, str>"),
            ("&std::path::Path", "PathBuf"),
            ("&Order", "Order"),
        ] {
            let borrowing: Type = syn::parse_str(borrowing).expect(borrowing);
            assert_eq!(written(owned(&borrowing)), owning);
        }
    }
}
