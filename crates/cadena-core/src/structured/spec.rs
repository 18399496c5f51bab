//! The options that ask a model for a value of a schema.

use serde_json::{Value, json};

use super::wrapper::{is_object, resolve, wrap};
use crate::tools::strict::{Optional, strict_schema};
use crate::{ChatOptions, Error, ErrorKind, Result, ToolChoice};

/// How a model is asked for a structured answer: [`Structured::method`](crate::Structured::method) sets it.
///
/// # Examples
///
/// ```
/// use cadena_core::StructuredMethod;
///
/// assert_eq!(StructuredMethod::default(), StructuredMethod::JsonSchema);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StructuredMethod {
    /// The server keeps the answer to the schema: `response_format` of type `json_schema`. Only here do the values have log probabilities.
    #[default]
    JsonSchema,
    /// The model must call a function with the value as its arguments. For models that know tools but not `json_schema`.
    FunctionCalling,
    /// The answer is any JSON object: `response_format` of type `json_object`. The prompt must describe the object, and for OpenAI contain the word JSON:
    /// [`format_instructions`](crate::Structured::format_instructions) has both.
    JsonMode,
}

/// The answer that is asked for: its name, its description and its schema.
#[derive(Clone)]
pub(super) struct AnswerSpec {
    pub(super) name: String,
    description: Option<String>,
    schema: Value,
    /// Whether the schema is that of a wrapper around the value.
    pub(super) wrapped: bool,
    /// Whether the schema is derived from a type. Strict mode then lets no property be null that the type does not.
    typed: bool,
    pub(super) method: StructuredMethod,
    pub(super) strict: Option<bool>,
    /// How often the model is asked again at most.
    pub(super) max_repairs: u32,
}

impl AnswerSpec {
    /// A schema that the caller wrote.
    pub(super) fn given(name: String, mut schema: Value) -> Self {
        let mut description = None;
        if let Value::Object(root) = &mut schema {
            // Requests have the name and the description beside the schema.
            root.shift_remove("title");
            if let Some(Value::String(text)) = root.shift_remove("description") {
                description = Some(text);
            }
        }
        resolve(&mut schema);
        if let Value::Object(root) = &mut schema {
            // The definition that the root refers to may have a description too.
            let text = root.shift_remove("description");
            description = description.or_else(|| text?.as_str().map(str::to_owned));
        }
        let wrapped = match &schema {
            Value::Object(root) => !is_object(root),
            schema => schema.is_boolean(),
        };
        if wrapped {
            schema = wrap(schema);
        }
        Self {
            name,
            description,
            schema,
            wrapped,
            typed: false,
            method: StructuredMethod::default(),
            strict: None,
            max_repairs: 0,
        }
    }

    #[cfg(feature = "schemars")]
    pub(super) fn of<T: schemars::JsonSchema>() -> Self {
        let schema = crate::tools::described_schema_of::<T>();
        let name = schema.get("title").and_then(Value::as_str).map(permitted);
        Self {
            typed: true,
            ..Self::given(name.unwrap_or_else(|| "answer".to_owned()), schema)
        }
    }

    pub(super) fn schema(&self) -> &Value {
        &self.schema
    }

    /// The options that ask for the answer.
    pub(super) fn options(&self) -> Result<ChatOptions> {
        if !self.schema.is_object() {
            let detail = format!("the schema `{}` is not a JSON object", self.name);
            return Err(Error::new(ErrorKind::InvalidInput, detail));
        }
        match self.method {
            StructuredMethod::JsonSchema => self.response_format(),
            StructuredMethod::FunctionCalling => self.function(),
            StructuredMethod::JsonMode if self.strict.is_some() => {
                let detail = "JSON mode sends no schema, so `strict` cannot be set";
                Err(Error::new(ErrorKind::InvalidInput, detail).with_hint("leave `strict`, or choose another method"))
            }
            StructuredMethod::JsonMode => Ok(ChatOptions::new().response_format(json!({"type": "json_object"}))),
        }
    }

    fn response_format(&self) -> Result<ChatOptions> {
        let (schema, strict) = match self.strict {
            Some(true) => (self.strict_schema()?, true),
            None if self.typed => match self.strict_schema() {
                Ok(schema) => (schema, true),
                // Strict mode cannot express every type. The answer is read as the type in any case.
                Err(error) if error.kind() == ErrorKind::Unsupported => (self.schema.clone(), false),
                Err(error) => return Err(error),
            },
            Some(false) | None => (self.schema.clone(), false),
        };
        let mut described = self.described();
        described.insert("strict".to_owned(), strict.into());
        described.insert("schema".to_owned(), schema);
        let format = json!({"type": "json_schema", "json_schema": described});
        Ok(ChatOptions::new().response_format(format))
    }

    fn function(&self) -> Result<ChatOptions> {
        let mut function = self.described();
        let parameters = match self.strict {
            Some(true) => self.strict_schema()?,
            _ => self.schema.clone(),
        };
        function.insert("parameters".to_owned(), parameters);
        if let Some(strict) = self.strict {
            function.insert("strict".to_owned(), strict.into());
        }
        Ok(ChatOptions::new()
            .tools(vec![json!({"type": "function", "function": function})])
            .tool_choice(ToolChoice::Name(self.name.clone()))
            .parallel_tool_calls(false))
    }

    fn described(&self) -> serde_json::Map<String, Value> {
        let mut described = serde_json::Map::new();
        described.insert("name".to_owned(), self.name.as_str().into());
        if let Some(description) = &self.description {
            described.insert("description".to_owned(), description.as_str().into());
        }
        described
    }

    fn strict_schema(&self) -> Result<Value> {
        let optional = if self.typed {
            Optional::Required
        } else {
            Optional::Nullable
        };
        strict_schema(self.schema.clone(), optional)
    }
}

/// A name that providers accept: letters, digits, `_` and `-`, at most 64 of them.
#[cfg(feature = "schemars")]
fn permitted(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let chars = name.chars().map(|c| if allowed(c) { c } else { '_' });
    chars.take(64).collect()
}
