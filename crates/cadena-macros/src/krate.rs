//! The path of the crate that the generated code names.

use syn::{LitStr, Path, parse_quote};

/// The path in `crate = "…"`, else the facade's.
pub(crate) fn path(given: Option<LitStr>) -> syn::Result<Path> {
    match given {
        Some(text) => text.parse(),
        None => Ok(parse_quote!(::cadena)),
    }
}
