//! Functions with `#[tool]`: their schemas, their arguments, their errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::time::Duration;

use cadena::messages::{ToolCall, ToolStatus};
use cadena::schemars::{self, JsonSchema};
use cadena::tools::{OnToolError, Tool, ToolContext, ToolOutput};
use cadena::{AnyTool, Result, RunConfig, RunnableExt, ToolMessage, tool};
use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Celsius,
    Fahrenheit,
}

/// Tells the weather of a city.
///
/// Only for today.
#[tool]
async fn get_weather(
    /// The city, in English.
    city: String,
    unit: Option<Unit>,
    #[default(1)] days: u8,
    #[default]
    #[serde(rename = "verbose")]
    long: bool,
) -> String {
    format!("{city} {unit:?} {days} {long}")
}

async fn answer(tool: impl Into<AnyTool>, args: Value) -> ToolMessage {
    answer_with(tool, args, RunConfig::new()).await.unwrap()
}

async fn answer_with(tool: impl Into<AnyTool>, args: Value, config: RunConfig) -> Result<ToolMessage> {
    let tool = tool.into();
    let call = ToolCall::new(tool.name(), args.as_object().unwrap().clone(), "call_1");
    tool.invoke_with(call, config).await
}

#[test]
fn the_schema_comes_from_the_types_and_the_doc_comments() {
    let tool = AnyTool::from(get_weather);
    assert_eq!(
        tool.to_openai(None).unwrap(),
        json!({"type": "function", "function": {
            "name": "get_weather",
            "description": "Tells the weather of a city.\n\nOnly for today.",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"description": "The city, in English.", "type": "string"},
                    "unit": {"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}]},
                    "days": {"type": "integer", "minimum": 0, "maximum": 255, "default": 1},
                    "verbose": {"type": "boolean", "default": false},
                },
                "required": ["city"],
                "$defs": {"Unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
            },
        }})
    );
}

#[test]
fn a_strict_schema_keeps_options_defaults_and_references() {
    let strict = AnyTool::from(get_weather).to_openai(Some(true)).unwrap();
    let parameters = &strict["function"]["parameters"];
    assert_eq!(parameters["required"], json!(["city", "unit", "days", "verbose"]));
    assert_eq!(parameters["additionalProperties"], false);
    assert_eq!(
        parameters["properties"]["unit"],
        json!({"anyOf": [{"$ref": "#/$defs/Unit"}, {"type": "null"}]})
    );
    assert_eq!(parameters["properties"]["days"]["type"], json!(["integer", "null"]));
    assert_eq!(parameters["$defs"]["Unit"]["enum"], json!(["celsius", "fahrenheit"]));
}

#[tokio::test]
async fn what_the_model_leaves_out_is_none_or_its_default() {
    assert_eq!(
        answer(get_weather, json!({"city": "Madrid"})).await.text(),
        "Madrid None 1 false"
    );
    let full = json!({"city": "Rome", "unit": "celsius", "days": 3, "verbose": true});
    assert_eq!(answer(get_weather, full).await.text(), "Rome Some(Celsius) 3 true");
    let strict = json!({"city": "Rome", "unit": null, "days": null, "verbose": null});
    assert_eq!(answer(get_weather, strict).await.text(), "Rome None 1 false");
}

#[tokio::test]
async fn a_tool_is_called_with_typed_arguments_too() {
    let args = GetWeatherArgs {
        city: "Oslo".to_owned(),
        unit: Some(Unit::Fahrenheit),
        days: 2,
        long: false,
    };
    let text = get_weather.call(args, ToolContext::default()).await.unwrap();
    assert_eq!(text, "Oslo Some(Fahrenheit) 2 false");
    assert_eq!(
        get_weather::function("Oslo".to_owned(), Some(Unit::Fahrenheit), 2, false).await,
        text
    );
}

struct Database(Vec<&'static str>);

/// Looks up a row.
#[tool(name = "lookup", return_direct, on_error = Stop, timeout = Duration::from_secs(3))]
async fn look_up(row: usize, #[inject] db: Arc<Database>, #[inject] cx: ToolContext) -> Result<ToolOutput, String> {
    let found = db.0.get(row).ok_or_else(|| format!("there is no row {row}"))?;
    let id = cx.tool_call_id.unwrap_or_default();
    ToolOutput::new(*found)
        .with_artifact(json!({"row": row, "call": id}))
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn what_is_injected_is_no_argument_and_the_artifact_is_kept() {
    let schema = look_up.parameters();
    assert_eq!(
        schema["properties"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["row"]
    );

    let config = RunConfig::new().inject(Arc::new(Database(vec!["first", "second"])));
    let answer = answer_with(look_up, json!({"row": 1}), config).await.unwrap();
    assert_eq!(answer.text(), "second");
    assert_eq!(answer.artifact, json!({"row": 1, "call": "call_1"}));
}

#[tokio::test]
async fn the_attribute_says_how_a_tool_is_named_and_how_it_fails() {
    assert_eq!(look_up.name(), "lookup");
    assert!(AnyTool::from(look_up).is_return_direct());
    assert_eq!(look_up.on_error(), OnToolError::Stop);
    assert_eq!(look_up.timeout(), Some(Duration::from_secs(3)));

    let config = || RunConfig::new().inject(Arc::new(Database(Vec::new())));
    let error = answer_with(look_up, json!({"row": 1}), config()).await.unwrap_err();
    assert_eq!(error.to_string(), "tool error (in step `lookup`)");
    let shown = AnyTool::from(look_up).with_on_error(OnToolError::Show);
    let answer = answer_with(shown, json!({"row": 1}), config()).await.unwrap();
    assert_eq!(answer.text(), "the tool failed: there is no row 1");
    assert_eq!(answer.status, ToolStatus::Error);
}

#[derive(serde::Deserialize, JsonSchema)]
struct Node {
    value: i32,
    #[serde(default)]
    children: Vec<Self>,
}

impl Node {
    fn sum(&self) -> i32 {
        self.value + self.children.iter().map(Self::sum).sum::<i32>()
    }
}

/// Adds up a tree.
#[tool]
async fn sum_tree(root: Node) -> i32 {
    root.sum()
}

#[tokio::test]
async fn a_type_that_holds_itself_keeps_its_schema_in_strict_mode_too() {
    let strict = AnyTool::from(sum_tree).to_openai(Some(true)).unwrap();
    let node = &strict["function"]["parameters"]["$defs"]["Node"];
    assert_eq!(node["properties"]["children"]["items"], json!({"$ref": "#/$defs/Node"}));
    let tree = json!({"root": {"value": 1, "children": [{"value": 2, "children": null}]}});
    assert_eq!(answer(sum_tree, tree).await.text(), "3");
}

/// How a place is found.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "lowercase")]
enum Place {
    /// By its name.
    Name { name: String },
    /// By its post code.
    Code { code: u32 },
}

/// Finds a place.
#[tool]
async fn find(
    /// Which one.
    place: Place,
) -> String {
    match place {
        Place::Name { name } => name,
        Place::Code { code } => code.to_string(),
    }
}

#[test]
fn an_enum_with_data_and_a_described_reference_are_said_in_the_words_of_strict_mode() {
    let strict = AnyTool::from(find).to_openai(Some(true)).unwrap();
    let parameters = &strict["function"]["parameters"];
    assert_eq!(
        parameters["properties"]["place"],
        json!({"description": "Which one.", "anyOf": [{"$ref": "#/$defs/Place"}]})
    );
    let variants = parameters["$defs"]["Place"]["anyOf"].as_array().unwrap();
    assert!(variants.iter().all(|variant| variant["additionalProperties"] == false));
    assert_eq!(variants[0]["required"], json!(["by", "name"]));
}

/// Adds without the facade.
#[tool(crate = "cadena_core")]
async fn add(a: i32, #[default(2)] b: i32) -> Result<i32, std::fmt::Error> {
    Ok(a + b)
}

#[tokio::test]
async fn a_crate_that_knows_only_the_core_has_tools_too() {
    assert_eq!(answer(add, json!({"a": 1})).await.text(), "3");
}

/// Does nothing.
#[tool]
async fn nothing() {}

#[tokio::test]
async fn a_tool_may_take_and_give_nothing() {
    assert_eq!(nothing.parameters(), json!({"type": "object", "properties": {}}));
    assert_eq!(answer(nothing, json!({})).await.text(), "null");
}
