//! The variables of a template, `{name}` each; `{{` and `}}` are braces.

use syn::{Ident, LitStr};

/// The variables of a template, each as a field with the span of the text, so that the compiler points there.
pub(super) fn of(template: &LitStr) -> syn::Result<Vec<Ident>> {
    let text = template.value();
    let names = read(&text).map_err(|problem| syn::Error::new_spanned(template, problem))?;
    let field = |name: &str| {
        let ident = syn::parse_str::<Ident>(name).map(|_| Ident::new(name, template.span()));
        ident.or_else(|_| match name {
            "self" | "Self" | "super" | "crate" | "_" | "" => Err(no_name(template, name)),
            // The field for a keyword such as `type` is `r#type`.
            keyword if syn::parse_str::<Ident>(&format!("r#{keyword}")).is_ok() => {
                Ok(Ident::new_raw(keyword, template.span()))
            }
            _ => Err(no_name(template, name)),
        })
    };
    names.into_iter().map(field).collect()
}

fn no_name(template: &LitStr, name: &str) -> syn::Error {
    let problem = format!("`{{{name}}}` does not name a field; write `{{{{` and `}}}}` for braces");
    syn::Error::new_spanned(template, problem)
}

fn read(text: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let from = rest.get(at..).unwrap_or_default();
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            rest = after;
            continue;
        }
        let Some(inside) = from.strip_prefix('{') else {
            return Err("a `}` without its `{`; write `}}` for a brace");
        };
        let Some((field, after)) = inside.split_once('}') else {
            return Err("a `{` without its `}`; write `{{` for a brace");
        };
        names.push(field.split(['!', ':']).next().unwrap_or_default());
        rest = after;
    }
    Ok(names)
}
