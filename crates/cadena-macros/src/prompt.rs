//! The code that `prompt!` and `chat_prompt!` generate.

mod variables;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token, Type, bracketed, parenthesized, parse_quote};

/// Expands `prompt!(Input, "text")`: one human message.
pub(crate) fn expand_one(input: TokenStream) -> syn::Result<TokenStream> {
    let Given { krate, kind, messages } = syn::parse2(input)?;
    match &*messages {
        [Message { role: None, text }] => write(&krate, &kind, &[("human".to_owned(), text.clone())]),
        _ => Err(syn::Error::new_spanned(
            kind,
            "`prompt!` takes a type and one text; `chat_prompt!` takes several messages",
        )),
    }
}

/// Expands `chat_prompt!(Input, [("system", "text"), …])`.
pub(crate) fn expand_chat(input: TokenStream) -> syn::Result<TokenStream> {
    let Given { krate, kind, messages } = syn::parse2(input)?;
    let mut spoken = Vec::new();
    for message in messages {
        let Some(role) = message.role else {
            return Err(syn::Error::new_spanned(
                message.text,
                "`chat_prompt!` takes a list of messages: `[(\"human\", \"…\")]`",
            ));
        };
        if !ROLES.contains(&role.value().as_str()) {
            let text = format!("`{}` is not a role: there are {}", role.value(), ROLES.join(", "));
            return Err(syn::Error::new_spanned(role, text));
        }
        spoken.push((role.value(), message.text));
    }
    write(&krate, &kind, &spoken)
}

const ROLES: [&str; 6] = ["human", "user", "ai", "assistant", "system", "placeholder"];

struct Given {
    krate: Path,
    kind: Type,
    messages: Vec<Message>,
}

struct Message {
    role: Option<LitStr>,
    text: LitStr,
}

impl Parse for Given {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let krate = if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            let krate = input.parse::<LitStr>()?.parse()?;
            input.parse::<Token![,]>()?;
            krate
        } else {
            parse_quote!(::cadena)
        };
        let kind = input.parse()?;
        input.parse::<Token![,]>()?;
        let messages = if input.peek(LitStr) {
            let text = input.parse()?;
            vec![Message { role: None, text }]
        } else {
            let list;
            bracketed!(list in input);
            Punctuated::<Message, Token![,]>::parse_terminated(&list)?
                .into_iter()
                .collect()
        };
        input.parse::<Option<Token![,]>>()?;
        Ok(Self { krate, kind, messages })
    }
}

impl Parse for Message {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let pair;
        parenthesized!(pair in input);
        let role = pair.parse()?;
        pair.parse::<Token![,]>()?;
        let text = pair.parse()?;
        Ok(Self { role: Some(role), text })
    }
}

fn write(krate: &Path, kind: &Type, messages: &[(String, LitStr)]) -> syn::Result<TokenStream> {
    let mut fields: Vec<Ident> = Vec::new();
    for (_, text) in messages {
        for field in variables::of(text)? {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
    }
    let messages = messages.iter().map(|(role, text)| quote!((#role, #text)));
    let names = fields
        .iter()
        .map(|field| field.to_string().trim_start_matches("r#").to_owned());
    Ok(quote! {
        #krate::__private::TypedPrompt::<#kind>::new(&[#(#messages),*], |input| {
            let mut dict = #krate::Dict::new();
            #(#krate::__private::fill(&mut dict, #names, &input.#fields)?;)*
            ::core::result::Result::Ok(dict)
        })
    })
}
