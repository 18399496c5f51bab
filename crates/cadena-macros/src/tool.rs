//! The code that `#[tool]` generates.

mod argument;
mod options;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Expr, FnArg, ItemFn, Lit, Meta, ReturnType, Type};

use self::argument::Argument;
use self::options::Options;

pub(crate) fn expand(attribute: TokenStream, function: TokenStream) -> syn::Result<TokenStream> {
    let options: Options = syn::parse2(attribute)?;
    let mut function: ItemFn = syn::parse2(function)?;
    check_signature(&function)?;

    let description = match &options.description {
        Some(text) => text.value(),
        None => doc_text(&function.attrs),
    };
    if description.is_empty() {
        return Err(syn::Error::new_spanned(
            &function.sig.ident,
            "a tool needs a description for the model: write a doc comment above the function",
        ));
    }
    let arguments = take_arguments(&mut function)?;
    Ok(write(&options, &description, &arguments, function))
}

fn check_signature(function: &ItemFn) -> syn::Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        return Err(syn::Error::new_spanned(
            signature.fn_token,
            "a tool is an `async fn`: write `async` before `fn`",
        ));
    }
    if let Some(parameter) = signature.generics.params.first() {
        return Err(syn::Error::new_spanned(
            parameter,
            "a tool has no generic parameters: a model calls it by name, with one schema",
        ));
    }
    Ok(())
}

fn take_arguments(function: &mut ItemFn) -> syn::Result<Vec<Argument>> {
    let mut arguments = Vec::new();
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                return Err(syn::Error::new_spanned(
                    receiver,
                    "a tool is a free function: take what it needs by `#[inject] state: Arc<State>`, or implement `cadena::tools::Tool`",
                ));
            }
            FnArg::Typed(typed) => arguments.push(Argument::take(typed)?),
        }
    }
    Ok(arguments)
}

fn write(options: &Options, description: &str, arguments: &[Argument], mut function: ItemFn) -> TokenStream {
    let krate = &options.krate;
    let visibility = function.vis.clone();
    let name = std::mem::replace(&mut function.sig.ident, format_ident!("function"));
    let args = format_ident!("{}Args", camel_case(&name.unraw().to_string()), span = name.span());
    let called = options
        .name
        .as_ref()
        .map_or_else(|| name.unraw().to_string(), syn::LitStr::value);
    let (docs, attributes): (Vec<Attribute>, Vec<Attribute>) = std::mem::take(&mut function.attrs)
        .into_iter()
        .partition(|attribute| attribute.path().is_ident("doc"));
    let (cfg, attributes): (Vec<Attribute>, Vec<Attribute>) = attributes
        .into_iter()
        .partition(|attribute| attribute.path().is_ident("cfg"));
    function.attrs = attributes;

    let written: Vec<_> = arguments.iter().filter(|argument| !argument.is_injected).collect();
    let fields = written.iter().map(|argument| argument.field(&args, &visibility));
    let defaults = written.iter().filter_map(|argument| argument.default_function());
    let names = written.iter().map(|argument| &argument.name);
    let values = arguments.iter().map(|argument| argument.value(krate));
    let (output, call) = output(krate, &function.sig.output, quote!(Self::function(#(#values),*).await));
    let settings = options.methods();
    let serde = quote!(#krate::__private::serde).to_string().replace(' ', "");
    let schemars = quote!(#krate::schemars).to_string().replace(' ', "");
    let about_args = format!("What a model calls [`{name}`] with.");
    let about_function = format!("The function that the tool [`{name}`] calls.");

    quote! {
        #(#cfg)*
        #(#docs)*
        #[allow(non_camel_case_types, reason = "a tool has the name of its function")]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name;

        #(#cfg)*
        #[doc = #about_args]
        #[derive(#krate::__private::serde::Deserialize, #krate::schemars::JsonSchema)]
        #[serde(crate = #serde)]
        #[schemars(crate = #schemars)]
        #visibility struct #args {
            #(#fields)*
        }

        #(#cfg)*
        #[automatically_derived]
        impl #args {
            #(#defaults)*
        }

        #(#cfg)*
        impl #name {
            #[doc = #about_function]
            #[allow(clippy::unused_async, reason = "every tool is async")]
            #function
        }

        #(#cfg)*
        #[automatically_derived]
        #[#krate::async_trait]
        impl #krate::__private::Tool for #name {
            type Args = #args;
            type Output = #output;

            fn name(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(#called)
            }

            fn description(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(#description)
            }

            fn parameters(&self) -> #krate::__private::Value {
                #krate::__private::parameters_of::<#args>()
            }

            #settings

            #[allow(unused_variables, reason = "a tool need not look at its context")]
            async fn call(&self, args: #args, cx: #krate::__private::ToolContext) -> #krate::Result<Self::Output> {
                let #args { #(#names),* } = args;
                #call
            }
        }
    }
}

/// The type of the tool's output, and the expression that calls the function and returns a `Result` of it.
fn output(krate: &syn::Path, declared: &ReturnType, call: TokenStream) -> (TokenStream, TokenStream) {
    let ReturnType::Type(_, declared) = declared else {
        return (quote!(()), quote!({ #call; ::core::result::Result::Ok(()) }));
    };
    if is_result(declared) {
        let output = quote!(<#declared as #krate::__private::Fallible>::Output);
        return (output, quote!(#krate::__private::Fallible::into_result(#call)));
    }
    (quote!(#declared), quote!(::core::result::Result::Ok(#call)))
}

/// Whether a type is a `Result`, by its name: a macro sees no types.
fn is_result(declared: &Type) -> bool {
    let Type::Path(path) = declared else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|segment| segment.ident.to_string().ends_with("Result"))
}

/// The text of the doc comments: lines joined, without the space after `///`.
fn doc_text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect();
    lines.join("\n").trim().to_owned()
}

/// `get_weather` as `GetWeather`.
fn camel_case(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect::<String>()
        })
        .collect()
}
