//! Laws of parsers: a stream adds up to what invoking gives, however the answer was cut.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessage, AIMessageChunk, CommaSeparatedListOutputParser, JsonOutputParser, MarkdownListOutputParser,
    NumberedListOutputParser, RunContext, Runnable, RunnableExt, XmlOutputParser, fold,
};
use futures::executor::block_on;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use serde_json::{Value, json};

fn whole(parser: &impl Runnable<Input = AIMessage>, text: &str) -> Result<Value, String> {
    let output = block_on(parser.invoke(AIMessage::new(text))).map_err(|error| error.detail().to_owned())?;
    Ok(serde_json::to_value(output).unwrap())
}

fn in_pieces<P: Runnable<Input = AIMessage>>(parser: &P, text: &str, size: usize) -> Result<Option<Value>, String> {
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<String> = chars.chunks(size).map(|piece| piece.iter().collect()).collect();
    let input = stream::iter(pieces.into_iter().map(|piece| Ok(AIMessageChunk::new(piece)))).boxed();
    let output = block_on(fold::<P::Output>(parser.run_transform(input, RunContext::default())));
    let output = output.map_err(|error| error.detail().to_owned())?;
    Ok(output.map(|output| serde_json::to_value(output).unwrap()))
}

macro_rules! law {
    ($name:ident, $parser:expr, $texts:literal, $nothing:expr) => {
        proptest! {
            #[test]
            fn $name(text in $texts, size in 1usize..5) {
                let expect = whole(&$parser, &text);
                let got = in_pieces(&$parser, &text, size);
                prop_assert_eq!(got.map(|value| value.unwrap_or($nothing)), if text.is_empty() { Ok($nothing) } else { expect });
            }
        }
    };
}

fn none() -> Value {
    Value::Array(Vec::new())
}

law!(
    json_adds_up,
    JsonOutputParser::new(),
    r#"[{}\[\]",:1a `\n]{0,16}"#,
    none()
);
law!(
    lenient_json_adds_up,
    JsonOutputParser::new().lenient(),
    r#"[{}\[\]",:1a `\n]{0,16}"#,
    none()
);
law!(
    commas_add_up,
    CommaSeparatedListOutputParser,
    r#"[a, "\n]{0,16}"#,
    none()
);
law!(numbers_add_up, NumberedListOutputParser, r"[1a. \n]{0,16}", none());
law!(bullets_add_up, MarkdownListOutputParser, r"[-*a \n]{0,16}", none());
law!(
    xml_adds_up,
    XmlOutputParser::new(),
    r"(<a>|</a>|<b>|</b>|<c/>|x| |&lt;|<!-- > -->){0,12}",
    none()
);

#[test]
fn what_follows_an_xml_root_is_read_once() {
    let tail = "<b ".repeat(200_000) + &"x".repeat(200_000);
    let pieces = std::iter::once("<a>1</a>").chain(
        tail.as_bytes()
            .chunks(7)
            .map(|piece| std::str::from_utf8(piece).unwrap()),
    );
    let pieces: Vec<_> = pieces.map(|piece| Ok(AIMessageChunk::new(piece))).collect();
    let output = XmlOutputParser::new().run_transform(stream::iter(pieces).boxed(), RunContext::default());
    let start = std::time::Instant::now();
    assert_eq!(
        block_on(fold::<cadena_core::Xml>(output))
            .unwrap()
            .unwrap()
            .into_value(),
        json!({"a": "1"})
    );
    assert!(start.elapsed().as_secs() < 20);
}
