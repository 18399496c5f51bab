//! Templates written with `prompt!` and `chat_prompt!`: their variables and their output.

use cadena_core::{EchoModel, ErrorKind, Result, RunnableExt, StrOutputParser};

#[derive(Clone, serde::Serialize, cadena::Streamable)]
#[streamable(crate = "cadena_core")]
struct Row {
    r#type: String,
    price: f64,
}

fn row() -> Row {
    Row {
        r#type: "apple".to_owned(),
        price: 2.5,
    }
}

#[tokio::test]
async fn keywords_formats_and_braces_are_as_in_other_templates() -> Result<()> {
    let prompt = cadena::prompt!(crate = "cadena_core", Row, "{{{type}}} costs {price:.2f} {price}");
    let chain = prompt | EchoModel::new() | StrOutputParser;
    assert_eq!(chain.invoke(row()).await?, "{apple} costs 2.50 2.5");
    Ok(())
}

#[tokio::test]
async fn a_format_that_does_not_exist_is_found_by_the_first_call() {
    let prompt = cadena::prompt!(crate = "cadena_core", Row, "{price!x}");
    let error = prompt.invoke(row()).await.map(|_| ()).map_err(|error| error.kind());
    assert_eq!(error, Err(ErrorKind::Template));
}
