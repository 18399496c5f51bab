//! One argument of a function under `#[tool]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Expr, Ident, Meta, Pat, PatType, Path, Type, Visibility};

pub(super) struct Argument {
    pub(super) name: Ident,
    pub(super) is_injected: bool,
    kind: Type,
    /// The attributes of the field: doc comments, `#[serde]`, `#[schemars]`.
    attributes: Vec<Attribute>,
    default: Option<Default>,
}

enum Default {
    OfType,
    Value(Box<Expr>),
}

impl Argument {
    /// Reads an argument, and removes the attributes that the compiler does not know.
    pub(super) fn take(typed: &mut PatType) -> syn::Result<Self> {
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(syn::Error::new_spanned(
                &typed.pat,
                "an argument of a tool has a name, which the model reads: destructure it inside",
            ));
        };
        let name = pattern.ident.clone();
        match &*typed.ty {
            Type::Reference(reference) => {
                return Err(syn::Error::new_spanned(
                    reference,
                    "an argument of a tool is owned: write `String` instead of `&str`",
                ));
            }
            Type::ImplTrait(generic) => {
                return Err(syn::Error::new_spanned(
                    generic,
                    "an argument of a tool has one type, from which its schema is made",
                ));
            }
            _ => {}
        }
        let (mut is_injected, mut default, mut attributes) = (false, None, Vec::new());
        for attribute in std::mem::take(&mut typed.attrs) {
            let path = attribute.path();
            if path.is_ident("inject") {
                attribute.meta.require_path_only()?;
                is_injected = true;
            } else if path.is_ident("default") {
                default = Some(match &attribute.meta {
                    Meta::Path(_) => Default::OfType,
                    _ => Default::Value(Box::new(attribute.parse_args()?)),
                });
            } else if ["doc", "serde", "schemars"].iter().any(|known| path.is_ident(known)) {
                attributes.push(attribute);
            } else {
                typed.attrs.push(attribute);
            }
        }
        if let Some(first) = attributes.iter().find(|one| is_injected && !one.path().is_ident("doc")) {
            return Err(syn::Error::new_spanned(
                first,
                "the model does not see an `#[inject]` argument",
            ));
        }
        Ok(Self {
            name,
            is_injected,
            kind: (*typed.ty).clone(),
            attributes,
            default,
        })
    }

    /// The field of the argument in the struct of all arguments.
    pub(super) fn field(&self, args: &Ident, visibility: &Visibility) -> TokenStream {
        let Self {
            name, kind, attributes, ..
        } = self;
        let about = (!attributes.iter().any(|one| one.path().is_ident("doc")))
            .then(|| quote!(#[allow(missing_docs, reason = "the function does not describe it")]));
        let default = self.default.as_ref().map(|default| match default {
            Default::OfType => quote!(#[serde(default)]),
            Default::Value(_) => {
                let path = format!("{args}::{}", self.default_name());
                quote!(#[serde(default = #path)])
            }
        });
        quote!(#about #(#attributes)* #default #visibility #name: #kind,)
    }

    /// The function that serde calls for `#[default(value)]`.
    pub(super) fn default_function(&self) -> Option<TokenStream> {
        let Some(Default::Value(value)) = &self.default else {
            return None;
        };
        let (name, kind) = (self.default_name(), &self.kind);
        Some(quote! {
            fn #name() -> #kind {
                #value
            }
        })
    }

    fn default_name(&self) -> Ident {
        format_ident!("default_{}", self.name)
    }

    /// The expression with which the function is called, after the struct is taken apart.
    pub(super) fn value(&self, krate: &Path) -> TokenStream {
        let Self { name, kind, .. } = self;
        if self.is_injected {
            return quote!(<#kind as #krate::__private::FromToolContext>::from_tool_context(&cx)?);
        }
        quote!(#name)
    }
}
