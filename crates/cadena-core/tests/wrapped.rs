//! Answers that are no objects: what is asked for, and that nothing of the wrapper is seen.

#![cfg(feature = "schemars")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::{BTreeMap, HashSet};
use std::fmt::Debug;

use cadena_core::{
    AIMessageChunk, Answer, AnswerChunk, Bind, ChatModelExt, ChatOptions, ErrorKind, Logprobs, RunnableExt,
    StructuredMethod, TokenLogprob, ToolCallChunk, UnparsedAnswer, fold, schemars,
};
use cadena_testing::ScriptedModel;
use futures::TryStreamExt;
use futures::executor::block_on;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Person {
    name: String,
    age: u8,
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
enum Colour {
    Red,
    /// Of leaves.
    Green,
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
enum Shape {
    Circle { radius: f64 },
    Line(Vec<f64>),
    Point,
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind")]
enum Event {
    Born(Person),
    Moved { value: String },
}

#[derive(Clone, Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Node {
    n: u8,
    #[serde(default)]
    children: Vec<Self>,
}

fn ann() -> Person {
    Person {
        name: "Ann".to_owned(),
        age: 41,
    }
}

const METHODS: [StructuredMethod; 3] = [
    StructuredMethod::JsonSchema,
    StructuredMethod::FunctionCalling,
    StructuredMethod::JsonMode,
];

/// The pieces of an answer as a method has them.
fn said(text: &str, method: StructuredMethod, name: &str) -> Vec<AIMessageChunk> {
    let chars: Vec<char> = text.chars().collect();
    let pieces = chars.chunks(3).map(|piece| piece.iter().collect::<String>());
    if method != StructuredMethod::FunctionCalling {
        return pieces.map(AIMessageChunk::new).collect();
    }
    let named = ToolCallChunk::new(0).with_name(name).with_id("call_1").with_args("");
    let mut chunks = vec![AIMessageChunk::new("").with_tool_call_chunk(named)];
    chunks.extend(
        pieces.map(|piece| AIMessageChunk::new("").with_tool_call_chunk(ToolCallChunk::new(0).with_args(piece))),
    );
    chunks
}

/// Reads an answer with and without the wrapper, by each method, whole and streamed.
#[track_caller]
fn check<T>(json: &str, expect: &T)
where
    T: DeserializeOwned + schemars::JsonSchema + Clone + PartialEq + Debug + Send + Sync + 'static,
{
    for method in METHODS {
        for text in [format!("{{\"value\": {json}}}"), json.to_owned()] {
            let chunks = said(&text, method, "it");
            let model = ScriptedModel::new().chunks(chunks.clone()).chunks(chunks);
            let llm = model.with_structured_output::<T>().method(method).name("it");
            let answer = block_on(llm.invoke("?")).unwrap_or_else(|error| panic!("{method:?} {text}: {error}"));
            assert_eq!(answer.value(), expect, "{method:?} {text}");
            let inner: Value = serde_json::from_str(json).unwrap();
            assert_eq!(answer.json(), &inner);
            assert_eq!(serde_json::to_value(&answer).unwrap(), inner);
            let folded = block_on(fold::<Answer<T>>(llm.stream("?"))).unwrap().unwrap();
            assert_eq!((folded.value(), folded.json()), (expect, &inner));
        }
    }
}

#[test]
fn every_type_comes_without_the_wrapper_that_it_was_asked_for_in() {
    check(r#"[{"name": "Ann", "age": 41}]"#, &vec![ann()]);
    check("[]", &Vec::<Person>::new());
    check(r#"{"name": "Ann", "age": 41}"#, &Some(ann()));
    check("null", &None::<Person>);
    check("null", &());
    check(r#""Red""#, &Colour::Red);
    check(r#"{"Circle": {"radius": 1.5}}"#, &Shape::Circle { radius: 1.5 });
    check(r#"{"Line": [1.0, 2.0]}"#, &Shape::Line(vec![1.0, 2.0]));
    check(r#""Point""#, &Shape::Point);
    check(r#"{"kind": "Born", "name": "Ann", "age": 41}"#, &Event::Born(ann()));
    let moved = Event::Moved {
        value: "here".to_owned(),
    };
    check(r#"{"kind": "Moved", "value": "here"}"#, &moved);
    check(r#"{"value": "here", "kind": "Moved"}"#, &moved);
    check(r#""Paris""#, &"Paris".to_owned());
    check("42", &42_u32);
    check("true", &true);
    check(r#"[1, "one"]"#, &(1_u8, "one".to_owned()));
    check("[1, 2, 3]", &[1_u8, 2, 3]);
    check("[1, 2]", &HashSet::from([1_u8, 2]));
    check(
        r#"{"n": 1, "children": [{"n": 2, "children": []}]}"#,
        &Some(Node {
            n: 1,
            children: vec![Node {
                n: 2,
                children: Vec::new(),
            }],
        }),
    );
}

/// The schema that is asked with, and whether it is strict.
fn asked<T>() -> (Value, bool)
where
    T: DeserializeOwned + schemars::JsonSchema + Send + Sync + 'static,
{
    let options = ScriptedModel::new().with_structured_output::<T>().options().unwrap();
    let mut format = options.response_format.unwrap();
    let schema = format["json_schema"]["schema"].take();
    (schema, format["json_schema"]["strict"] == true)
}

#[test]
fn what_is_no_object_is_asked_for_in_one() {
    let person = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "age": {"type": "integer", "minimum": 0, "maximum": 255}},
        "required": ["name", "age"], "additionalProperties": false});
    let wrapped = |value: Value| json!({"type": "object", "properties": {"value": value}, "required": ["value"], "additionalProperties": false});
    let with_person = |value: Value| {
        let mut schema = wrapped(value);
        schema["$defs"] = json!({"Person": person});
        schema
    };
    let item = json!({"$ref": "#/$defs/Person"});
    assert_eq!(
        asked::<Vec<Person>>(),
        (with_person(json!({"type": "array", "items": item})), true)
    );
    assert_eq!(
        asked::<Option<Person>>(),
        (with_person(json!({"anyOf": [item, {"type": "null"}]})), true)
    );
    assert_eq!(asked::<String>(), (wrapped(json!({"type": "string"})), true));
    assert!(asked::<[u8; 2]>().1);
    assert_eq!(
        asked::<Colour>().0,
        wrapped(json!({"anyOf": [
            {"type": "string", "enum": ["Red"]}, {"description": "Of leaves.", "type": "string", "enum": ["Green"]}]}))
    );
    // An enum with its tag inside: the fields of the variant beside the tag.
    let (event, strict) = asked::<Event>();
    let born = &event["properties"]["value"]["anyOf"][0];
    assert_eq!(
        (born["required"].clone(), strict),
        (json!(["kind", "name", "age"]), true)
    );
    assert!(asked::<Node>().1);
    assert_eq!(asked::<Person>(), (person, true));

    for (schema, strict) in [
        asked::<(u8, String)>(),
        asked::<Value>(),
        asked::<char>(),
        asked::<Vec<Value>>(),
        asked::<Vec<BTreeMap<String, u8>>>(),
    ] {
        assert!(!strict, "{schema}");
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["required"], json!(["value"]));
    }
    let error = ScriptedModel::new()
        .with_structured_output::<(u8, String)>()
        .strict(true)
        .options();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_schema_that_is_no_object_is_wrapped_with_its_references() {
    let asked = |schema: Value| {
        let llm = ScriptedModel::new().with_structured_output_schema("tree", schema);
        let mut function = llm
            .method(StructuredMethod::FunctionCalling)
            .options()
            .unwrap()
            .tools
            .unwrap();
        function[0]["function"]["parameters"].take()
    };
    assert_eq!(
        asked(json!({"type": "array", "items": {"$ref": "#"}})),
        json!({"type": "object", "properties": {"value": {"$ref": "#/$defs/value"}}, "required": ["value"],
            "additionalProperties": false, "$defs": {"value": {"type": "array", "items": {"$ref": "#/$defs/value"}}}})
    );
    assert_eq!(
        asked(json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "object", "properties": {}}}})),
        json!({"type": "object", "properties": {}, "$defs": {"A": {"type": "object", "properties": {}}}})
    );
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    assert_eq!(asked(object.clone()), object);
}

#[tokio::test]
async fn the_value_grows_without_the_wrapper() {
    for method in METHODS {
        let text = r#"{"value": [{"name": "Ann", "age": 41}, {"name": "B", "age": 7}]}"#;
        let model = ScriptedModel::new().chunks(said(text, method, "people"));
        let llm = model
            .with_structured_output::<Vec<Person>>()
            .method(method)
            .name("people");
        let chunks: Vec<AnswerChunk<Vec<Person>>> = llm.stream("?").try_collect().await.unwrap();
        assert!(chunks.iter().all(|chunk| chunk.json().is_array()), "{method:?}");
        assert_eq!(chunks.first().unwrap().json(), &json!([{}]));
        let lengths: Vec<usize> = chunks.iter().filter_map(|chunk| chunk.value().map(Vec::len)).collect();
        assert!(
            lengths.is_sorted() && lengths.contains(&1) && lengths.ends_with(&[2]),
            "{lengths:?}"
        );
    }
}

#[tokio::test]
async fn pointers_are_those_of_the_value() {
    let pieces = [
        "{\"value\": ",
        "[{\"name\": \"",
        "Ann",
        "\", \"age\": ",
        "41",
        "}]",
        "}",
    ];
    let tokens: Vec<TokenLogprob> = pieces
        .iter()
        .zip(1..)
        .map(|(piece, at)| TokenLogprob::new(*piece, -0.125 * f64::from(at)))
        .collect();
    let text = AIMessageChunk::new(pieces.concat()).with_logprobs(Logprobs::content(tokens.clone()));
    let mut call = said(&pieces.concat(), StructuredMethod::FunctionCalling, "people");
    call[0] = call[0].clone().with_logprobs(Logprobs::content(tokens));
    for (chunks, method) in [(vec![text], METHODS[0]), (call, METHODS[1])] {
        let model = ScriptedModel::new().chunks(chunks);
        let llm = model
            .bind(ChatOptions::new().logprobs(true))
            .with_structured_output::<Vec<Person>>();
        let answer = llm.method(method).name("people").invoke("?").await.unwrap();
        assert_eq!(answer.probability("/0/name"), Some((-0.375_f64).exp()), "{method:?}");
        assert_eq!(answer.probability("/0/age"), Some((-0.625_f64).exp()));
        assert_eq!(answer.confidence("/value"), None);
        let pointers: Vec<String> = answer
            .json_confidence()
            .unwrap()
            .values()
            .map(|(pointer, _)| pointer)
            .collect();
        assert_eq!(pointers, ["", "/0", "/0/name", "/0/age"]);
    }
}

#[tokio::test]
async fn an_error_names_the_place_in_the_value() {
    for text in [
        r#"{"value": [{"name": "Ann", "age": "secret"}]}"#,
        r#"[{"name": "Ann", "age": "secret"}]"#,
    ] {
        let llm = ScriptedModel::new().say(text).with_structured_output::<Vec<Person>>();
        let error = llm.invoke("?").await.unwrap_err();
        assert_eq!(error.detail(), "`/0/age`: expected u8, got \"secret\"");
        let answer: &UnparsedAnswer = error.downcast_source_ref().unwrap();
        assert_eq!(answer.pointer(), Some("/0/age"));
    }
    let cut = ScriptedModel::new().say(r#"{"value": [{"name": "Ann", "age": 4"#);
    let error = cut
        .with_structured_output::<Vec<Person>>()
        .invoke("?")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parse);
    assert!(error.to_string().contains("the answer begins with"));
}

#[tokio::test]
async fn what_else_a_model_adds_to_the_wrapper_does_not_matter() {
    let text = r#"{"thoughts": "hm", "value": [{"name": "Ann", "age": 41}]}"#;
    let llm = ScriptedModel::new().say(text).with_structured_output::<Vec<Person>>();
    assert_eq!(*llm.invoke("?").await.unwrap(), [ann()]);
    let fenced = "<think>hm</think>Here:\n```json\n{\"value\": [{\"name\": \"Ann\", \"age\": 41}]}\n```";
    let llm = ScriptedModel::new().say(fenced).with_structured_output::<Vec<Person>>();
    assert_eq!(*llm.invoke("?").await.unwrap(), [ann()]);
}
