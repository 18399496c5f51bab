//! Output parsers: each file of a folder, whole and in pieces.

use cadena_core::{
    AIMessage, AIMessageChunk, CommaSeparatedListOutputParser, JsonOutputParser, MarkdownListOutputParser,
    NumberedListOutputParser, RunContext, Runnable, RunnableExt, TypedOutputParser, XmlOutputParser, flow_whole, fold,
};
use futures::executor::block_on;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::case::{Results, check, json};

fn parse<P: Runnable<Input = AIMessage>>(parser: &P, pieces: Vec<String>) -> Results {
    let pieces = pieces.into_iter().map(|piece| Ok(AIMessageChunk::new(piece)));
    let pieces = stream::iter(pieces.collect::<Vec<_>>()).boxed();
    let output = block_on(fold::<P::Output>(parser.run_transform(pieces, RunContext::default())));
    match output {
        Ok(output) => vec![("value", json(&serde_json::to_value(output).unwrap()))],
        Err(error) => vec![("error", error.detail().to_owned())],
    }
}

#[track_caller]
fn check_parser<P: Runnable<Input = AIMessage>>(folder: &str, parser: &P) {
    check(folder, &["value", "error"], |case| {
        let said = case.input("said");
        let whole = match block_on(parser.invoke(AIMessage::new(said))) {
            Ok(output) => vec![("value", json(&serde_json::to_value(output).unwrap()))],
            Err(error) => vec![("error", error.detail().to_owned())],
        };
        for size in [1, 2, 3, 5, 8, said.len().max(1)] {
            let chars: Vec<char> = said.chars().collect();
            let pieces = chars.chunks(size).map(|piece| piece.iter().collect());
            // A list without items has no piece.
            let streamed = match parse(parser, pieces.collect()) {
                results if results[0].1 == "null" => whole.clone(),
                results => results,
            };
            assert_eq!(streamed, whole, "{} in pieces of {size}", case.path.display());
        }
        whole
    });
}

#[test]
fn every_json_answer_may_be_cut_off_where_the_parser_is_lenient() {
    check_parser("parsers/json_lenient", &JsonOutputParser::new().lenient());
}

#[test]
fn every_comma_separated_list_is_read() {
    check_parser("parsers/comma_list", &CommaSeparatedListOutputParser);
}

#[test]
fn every_numbered_list_is_read() {
    check_parser("parsers/numbered_list", &NumberedListOutputParser);
}

#[test]
fn every_markdown_list_is_read() {
    check_parser("parsers/markdown_list", &MarkdownListOutputParser);
}

#[test]
fn every_xml_answer_is_read() {
    check_parser("parsers/xml", &XmlOutputParser::new());
}

/// The type of the cases in `parsers/typed`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    id: u32,
    status: Status,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Open,
    Paid,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Item {
    name: String,
    price: f64,
}

flow_whole!(Order);

#[test]
fn every_answer_of_a_type_is_read() {
    check_parser("parsers/typed", &TypedOutputParser::<Order>::new());
    check_parser("parsers/typed", &TypedOutputParser::<Order>::new().streaming());
}
