//! The code that `derive(Streamable)` generates.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, LitStr, parse_quote};

use crate::krate;

pub(crate) fn expand(input: TokenStream) -> syn::Result<TokenStream> {
    let mut input: DeriveInput = syn::parse2(input)?;
    let krate = krate::path(given_crate(&input)?)?;
    if let Some(lifetime) = input.generics.lifetimes().next() {
        return Err(syn::Error::new_spanned(
            lifetime,
            "a value that flows through a chain owns what it holds: use `String` instead of `&str`",
        ));
    }
    for parameter in input.generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(#krate::__private::serde::Serialize));
        parameter.bounds.push(parse_quote!(::core::clone::Clone));
        parameter.bounds.push(parse_quote!(::core::marker::Send));
        parameter.bounds.push(parse_quote!('static));
    }
    let name = &input.ident;
    let (parameters, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #parameters #krate::Streamable for #name #arguments #bounds {
            type Chunk = #krate::__private::Whole<Self>;

            fn into_chunk(self) -> Self::Chunk {
                #krate::__private::Whole(self)
            }

            fn from_chunk(chunk: Self::Chunk) -> #krate::Result<Self> {
                ::core::result::Result::Ok(chunk.0)
            }

            fn from_json(json: #krate::__private::Value) -> #krate::Result<Self> {
                // A type that serde can read has the first `read`, and any other type the second.
                #[allow(unused_imports, reason = "only a type without `Deserialize` needs it")]
                use #krate::__private::OrUnreadable as _;
                #krate::__private::Readable::<Self>::read(json)
            }
        }
    })
}

fn given_crate(input: &DeriveInput) -> syn::Result<Option<LitStr>> {
    let mut given = None;
    for attribute in input.attrs.iter().filter(|one| one.path().is_ident("streamable")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("crate") {
                return Err(meta.error("only `crate = \"…\"` is known here"));
            }
            given = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(given)
}
