//! The options in `#[tool(…)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, LitStr, Path, Token};

use crate::krate;

pub(super) struct Options {
    pub(super) name: Option<LitStr>,
    pub(super) description: Option<LitStr>,
    pub(super) krate: Path,
    return_direct: bool,
    on_error: Option<Ident>,
    timeout: Option<Expr>,
}

impl Options {
    /// The methods of `Tool` that the options generate.
    pub(super) fn methods(&self) -> TokenStream {
        let krate = &self.krate;
        let direct = self.return_direct.then(|| {
            quote! {
                fn return_direct(&self) -> bool {
                    true
                }
            }
        });
        let on_error = self.on_error.as_ref().map(|variant| {
            quote! {
                fn on_error(&self) -> #krate::__private::OnToolError {
                    #krate::__private::OnToolError::#variant
                }
            }
        });
        let timeout = self.timeout.as_ref().map(|limit| {
            quote! {
                fn timeout(&self) -> ::core::option::Option<::core::time::Duration> {
                    ::core::option::Option::Some(#limit)
                }
            }
        });
        quote!(#direct #on_error #timeout)
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut name, mut description, mut given_crate) = (None, None, None);
        let (mut return_direct, mut on_error, mut timeout) = (false, None, None);
        while !input.is_empty() {
            if input.peek(Token![crate]) {
                input.parse::<Token![crate]>()?;
                input.parse::<Token![=]>()?;
                given_crate = Some(input.parse::<LitStr>()?);
            } else {
                let key: Ident = input.parse()?;
                match key.to_string().as_str() {
                    "return_direct" => return_direct = true,
                    "name" => name = Some(value(input)?),
                    "description" => description = Some(value(input)?),
                    "on_error" => on_error = Some(on_error_variant(value(input)?)?),
                    "timeout" => timeout = Some(value(input)?),
                    _ => {
                        let known = "name, description, return_direct, on_error, timeout and crate";
                        return Err(syn::Error::new_spanned(
                            &key,
                            format!("`{key}` is not known here: there are {known}"),
                        ));
                    }
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self {
            name,
            description,
            krate: krate::path(given_crate)?,
            return_direct,
            on_error,
            timeout,
        })
    }
}

fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn on_error_variant(variant: Ident) -> syn::Result<Ident> {
    if ["Show", "Hide", "Stop"].iter().any(|known| variant == known) {
        return Ok(variant);
    }
    Err(syn::Error::new_spanned(
        &variant,
        "`on_error` is `Show`, `Hide` or `Stop`",
    ))
}
