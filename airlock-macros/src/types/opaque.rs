//! `impl Trait`.

use syn::visit_mut::{self, VisitMut};
use syn::{Type, parse_quote};

/// Whether an `impl Trait` is or is in the type.
pub(crate) fn has_impl_trait(ty: &Type) -> bool {
    let mut search = ImplTrait { found: false };
    search.visit_type_mut(&mut ty.clone());
    search.found
}

/// The type with each `impl Trait` replaced by `_`, to be written where `impl Trait` may not.
pub(crate) fn without_impl_trait(ty: &Type) -> Type {
    let mut ty = ty.clone();
    ImplTrait { found: false }.visit_type_mut(&mut ty);
    ty
}

struct ImplTrait {
    found: bool,
}

impl VisitMut for ImplTrait {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::ImplTrait(_) = ty {
            self.found = true;
            *ty = parse_quote!(_);
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::written;

    #[test]
    fn replaces_impl_trait() {
        let ty: Type = parse_quote!(Result<impl Iterator<Item = impl Send>, Error>);
        assert!(has_impl_trait(&ty));
        assert_eq!(written(without_impl_trait(&ty)), "Result<_, Error>");
    }
}
