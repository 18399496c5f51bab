//! Output parsers, on whole answers and on answers in pieces.

use cadena_core::{
    AIMessage, AIMessageChunk, CommaSeparatedListOutputParser, Error, ErrorKind, JsonOutputFunctionsParser,
    JsonOutputParser, JsonOutputToolsParser, MarkdownListOutputParser, NumberedListOutputParser, RunContext, Runnable,
    RunnableExt, StrOutputParser, Streamable, XmlOutputParser,
};
use futures::executor::block_on;
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

/// Operations on a parser of any type.
trait Run {
    fn run<P: Runnable<Input = AIMessage, Output: Streamable>>(self, parser: P) -> Result<Value, CaseError>;
}

fn with_parser(args: &Value, run: impl Run) -> Result<Value, CaseError> {
    let kwarg = |key: &str| args.get("kwargs").and_then(|kwargs| kwargs.get(key));
    let flag = |key: &str| kwarg(key).and_then(Value::as_bool).unwrap_or_default();
    let tools = || {
        let mut parser = JsonOutputToolsParser::new();
        if flag("return_id") {
            parser = parser.return_id();
        }
        if flag("first_tool_only") {
            parser = parser.first_tool_only();
        }
        match kwarg("key_name").and_then(Value::as_str) {
            Some(key) => parser.key(key),
            None => parser,
        }
    };
    match arg(args, "parser").as_str().unwrap_or_default() {
        // LangChain's parser closes what is open, and so does this one when it is told to.
        "json" if flag("diff") => run.run(JsonOutputParser::new().lenient().diff()),
        "json" => run.run(JsonOutputParser::new().lenient()),
        "str" => run.run(StrOutputParser),
        "comma" => run.run(CommaSeparatedListOutputParser),
        "numbered" => run.run(NumberedListOutputParser),
        "markdown" => run.run(MarkdownListOutputParser),
        "xml" => run.run(XmlOutputParser::new()),
        "tools" | "key_tools" => run.run(tools()),
        "functions" if kwarg("args_only").and_then(Value::as_bool) == Some(false) => {
            run.run(JsonOutputFunctionsParser::new().with_name())
        }
        "functions" => run.run(JsonOutputFunctionsParser::new()),
        other => Err(Error::new(ErrorKind::Unsupported, format!("there is no parser `{other}`")).into()),
    }
}

struct Invoke(AIMessage);

impl Run for Invoke {
    fn run<P: Runnable<Input = AIMessage, Output: Streamable>>(self, parser: P) -> Result<Value, CaseError> {
        Ok(serde_json::to_value(block_on(parser.invoke(self.0))?)?)
    }
}

pub(crate) fn invoke(args: &Value) -> Result<Value, CaseError> {
    let message = match arg(args, "input") {
        Value::String(text) => AIMessage::new(text),
        input => {
            let mut input = input.clone();
            if let Some(input) = input.as_object_mut() {
                input.shift_remove("cls");
            }
            serde_json::from_value(input)?
        }
    };
    with_parser(args, Invoke(message))
}

struct Stream(Vec<AIMessageChunk>);

impl Run for Stream {
    fn run<P: Runnable<Input = AIMessage, Output: Streamable>>(self, parser: P) -> Result<Value, CaseError> {
        let input = stream::iter(self.0.into_iter().map(Ok)).boxed();
        let mut output = parser.run_transform(input, RunContext::default());
        block_on(async {
            let mut chunks = Vec::new();
            while let Some(chunk) = output.next().await {
                match chunk {
                    Ok(chunk) => chunks.push(serde_json::to_value(chunk)?),
                    Err(error) => return Err(CaseError::from(error).with_partial(chunks.into())),
                }
            }
            Ok(json!(chunks))
        })
    }
}

pub(crate) fn stream(args: &Value) -> Result<Value, CaseError> {
    let chunk = |chunk: &Value| match chunk {
        Value::String(text) => Ok(AIMessageChunk::new(text)),
        chunk => serde_json::from_value(chunk.clone()),
    };
    let chunks = arg(args, "chunks").as_array().into_iter().flatten().map(chunk);
    with_parser(args, Stream(chunks.collect::<Result<_, _>>()?))
}
