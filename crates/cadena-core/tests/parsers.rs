//! Laws of parsers: a stream adds up to what invoking gives, however the answer was cut.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessage, AIMessageChunk, CommaSeparatedListOutputParser, ErrorKind, JsonOutputParser, MarkdownListOutputParser,
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

/// What comes of a text: whole, in one piece, and in pieces of each size.
fn every_way(text: &str) -> Vec<Result<Value, cadena_core::Error>> {
    let whole = XmlOutputParser::new().parse(text).map(cadena_core::Xml::into_value);
    let sizes = [1, 2, 3, 5, text.len().max(1)];
    let streamed = sizes.into_iter().map(|size| {
        let letters: Vec<char> = text.chars().collect();
        let pieces = letters
            .chunks(size)
            .map(|piece| Ok(AIMessageChunk::new(piece.iter().collect::<String>())));
        let pieces = stream::iter(pieces.collect::<Vec<_>>()).boxed();
        let output = XmlOutputParser::new().run_transform(pieces, RunContext::default());
        let folded = block_on(fold::<cadena_core::Xml>(output))?;
        Ok(folded.map(cadena_core::Xml::into_value).unwrap_or_default())
    });
    std::iter::once(whole).chain(streamed.collect::<Vec<_>>()).collect()
}

#[test]
fn prose_may_stand_around_one_xml_root() {
    for text in [
        "<a><b>1</b></a>",
        "Sure:\n<a><b>1</b></a>\nThat is all.",
        "1 < 2, and <a><b>1</b></a> I <3 it, x <y and z> w",
        "```xml\n<a><b>1</b></a>\n``` ok",
        "<?xml version='1.0'?><!-- first --><a><b>1</b></a><!-- <b>2</b> --> end <",
        "<a><b>1</b></a> an arrow <- and <b unfinished",
        "<a><b>1</b></a> <!- <!x> <1> << >>",
    ] {
        for result in every_way(text) {
            assert_eq!(result.unwrap(), json!({"a": [{"b": "1"}]}), "{text}");
        }
    }
}

#[test]
fn a_second_xml_root_is_an_error() {
    for (text, tag) in [
        ("<a>1</a><b>2</b>", "<b>"),
        ("<a>1</a>\n<a>2</a>", "<a>"),
        ("<a>1</a> and <b>bold</b> prose", "<b>"),
        ("<a>1</a><b/>", "<b/>"),
        ("<a>1</a> <b k=\"v\">2", "<b k=\"v\">"),
        ("<a>1</a></a>", "</a>"),
        ("<a/><a/>", "<a/>"),
        ("<a>1</a><!-- c --><b>2</b>", "<b>"),
    ] {
        for result in every_way(text) {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Parse, "{text}");
            let expect = "expected one root element and none after it, at line";
            assert!(error.detail().starts_with(expect), "{error}");
            assert!(error.detail().ends_with(&format!("got {tag:?}")), "{error}");
        }
    }
}

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
