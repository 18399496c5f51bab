//! The JSON of a model's message and of its chunk: the output of LangChain's `model_dump()`, and the input of its constructors.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{AIMessage, AIMessageChunk, ChunkPosition};
use crate::messages::fields::{Fields, Misfit};
use crate::messages::json::deserialize;
use crate::messages::spoken::Read;
use crate::messages::tool_call::{
    Beside, KwargsWithCalls, Plain, finished_calls, growing_calls, mark_invalid, restore,
};
use crate::messages::{Content, Extra, InvalidToolCall, ResponseMetadata, ToolCall, ToolCallChunk, UsageMetadata};

/// The keys of both dumps, in LangChain's order.
#[derive(Serialize)]
struct Dump<'a> {
    content: &'a Content,
    additional_kwargs: KwargsWithCalls<'a>,
    response_metadata: &'a ResponseMetadata,
    r#type: &'static str,
    name: &'a Option<String>,
    id: &'a Option<String>,
    tool_calls: Plain<'a, ToolCall>,
    invalid_tool_calls: Plain<'a, InvalidToolCall>,
    usage_metadata: &'a Option<UsageMetadata>,
    #[serde(flatten)]
    chunk: Option<ChunkDump<'a>>,
    #[serde(flatten)]
    extra: &'a Extra,
}

#[derive(Serialize)]
struct ChunkDump<'a> {
    tool_call_chunks: Plain<'a, ToolCallChunk>,
    chunk_position: Option<ChunkPosition>,
}

impl Serialize for AIMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let calls = self.tool_calls.iter().map(|call| call as &dyn Beside);
        let invalid = self.invalid_tool_calls.iter().map(|call| call as &dyn Beside);
        Dump {
            content: &self.content,
            additional_kwargs: KwargsWithCalls::new(&self.additional_kwargs, &self.content, calls.chain(invalid)),
            response_metadata: &self.response_metadata,
            r#type: "ai",
            name: &self.name,
            id: &self.id,
            tool_calls: Plain(&self.tool_calls),
            invalid_tool_calls: Plain(&self.invalid_tool_calls),
            usage_metadata: &self.usage_metadata,
            chunk: None,
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

impl Serialize for AIMessageChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (tool_calls, invalid_tool_calls) = growing_calls(&self.tool_call_chunks);
        let pieces = self.tool_call_chunks.iter().map(|piece| piece as &dyn Beside);
        Dump {
            content: &self.content,
            additional_kwargs: KwargsWithCalls::new(&self.additional_kwargs, &self.content, pieces),
            response_metadata: &self.response_metadata,
            r#type: "AIMessageChunk",
            name: &self.name,
            id: &self.id,
            tool_calls: Plain(&tool_calls),
            invalid_tool_calls: Plain(&invalid_tool_calls),
            usage_metadata: &self.usage_metadata,
            chunk: Some(ChunkDump {
                tool_call_chunks: Plain(&self.tool_call_chunks),
                chunk_position: self.chunk_position,
            }),
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

/// The fields that both constructors take.
struct Common {
    content: Content,
    additional_kwargs: Extra,
    response_metadata: ResponseMetadata,
    name: Option<String>,
    id: Option<String>,
    tool_calls: Vec<ToolCall>,
    invalid_tool_calls: Vec<InvalidToolCall>,
    usage_metadata: Option<UsageMetadata>,
}

impl Common {
    fn read(fields: &mut Fields) -> Result<Self, Misfit> {
        let has_blocks = fields.get("content_blocks").is_some_and(Value::is_array);
        let blocks_have_calls = has_blocks && !fields.has("tool_calls");
        let mut common = Self {
            content: fields.content()?,
            additional_kwargs: fields.extra("additional_kwargs")?,
            response_metadata: fields.metadata()?,
            name: fields.text("name")?,
            id: fields.id("id")?,
            tool_calls: fields.list("tool_calls")?,
            invalid_tool_calls: fields.list("invalid_tool_calls")?,
            usage_metadata: fields.parse("usage_metadata")?,
        };
        if let (true, Content::Parts(parts)) = (blocks_have_calls, &common.content) {
            let calls = parts.iter().filter(|part| part.block_type() == Some("tool_call"));
            common.tool_calls = calls
                .filter_map(|part| ToolCall::deserialize(Value::from(part.clone())).ok())
                .collect();
        }
        Ok(common)
    }

    /// Returns the calls in OpenAI's form, which older messages keep in `additional_kwargs`; used if there are no other calls.
    fn provider_calls(&self) -> impl Iterator<Item = ToolCallChunk> {
        let raw = self.additional_kwargs.get("tool_calls").and_then(Value::as_array);
        raw.into_iter().flatten().map(ToolCallChunk::of_openai)
    }

    /// Returns the same calls of a finished message. An entry that calls neither a function nor a custom tool is left out, since no tool of the caller's
    /// could answer it.
    fn finished_provider_calls(&self) -> (Vec<ToolCall>, Vec<InvalidToolCall>) {
        let raw = self.additional_kwargs.get("tool_calls").and_then(Value::as_array);
        let calls = raw.into_iter().flatten().filter(|call| {
            let is_there = |key| call.get(key).is_some_and(|called: &Value| !called.is_null());
            is_there("function") || is_there("custom")
        });
        let calls: Vec<_> = calls.map(ToolCallChunk::of_openai).collect();
        finished_calls(&calls, false)
    }
}

impl Read for AIMessage {
    fn read(mut fields: Fields) -> Result<Self, Misfit> {
        fields.expect_type("ai")?;
        let mut common = Common::read(&mut fields)?;
        if common.tool_calls.is_empty() && common.invalid_tool_calls.is_empty() {
            (common.tool_calls, common.invalid_tool_calls) = common.finished_provider_calls();
        }
        let calls = common.tool_calls.iter_mut().map(|call| call as &mut dyn Beside);
        let invalid = common.invalid_tool_calls.iter_mut().map(|call| call as &mut dyn Beside);
        restore(&mut common.additional_kwargs, &common.content, calls.chain(invalid));
        Ok(Self {
            content: common.content,
            tool_calls: common.tool_calls,
            invalid_tool_calls: common.invalid_tool_calls,
            usage_metadata: common.usage_metadata,
            response_metadata: common.response_metadata,
            additional_kwargs: common.additional_kwargs,
            id: common.id,
            name: common.name,
            extra: fields.into_extra(),
        })
    }
}

impl Read for AIMessageChunk {
    fn read(mut fields: Fields) -> Result<Self, Misfit> {
        fields.expect_type("AIMessageChunk")?;
        let mut common = Common::read(&mut fields)?;
        let mut tool_call_chunks: Vec<ToolCallChunk> = fields.list("tool_call_chunks")?;
        let mut invalid = Vec::new();
        if !tool_call_chunks.is_empty() {
            invalid = common.invalid_tool_calls;
        } else {
            tool_call_chunks = if common.tool_calls.is_empty() && common.invalid_tool_calls.is_empty() {
                common.provider_calls().collect()
            } else {
                let calls = common.tool_calls.into_iter().map(ToolCallChunk::from);
                calls
                    .chain(common.invalid_tool_calls.into_iter().map(ToolCallChunk::from))
                    .collect()
            };
        }
        let pieces = tool_call_chunks.iter_mut().map(|piece| piece as &mut dyn Beside);
        restore(&mut common.additional_kwargs, &common.content, pieces);
        mark_invalid(&mut tool_call_chunks, invalid);
        let mut chunk = Self {
            content: common.content,
            tool_call_chunks,
            usage_metadata: common.usage_metadata,
            response_metadata: common.response_metadata,
            additional_kwargs: common.additional_kwargs,
            id: common.id,
            name: common.name,
            chunk_position: fields.parse("chunk_position")?,
            extra: fields.into_extra(),
            places: Default::default(),
        };
        chunk.finish_blocks();
        Ok(chunk)
    }
}

impl<'de> Deserialize<'de> for AIMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

impl<'de> Deserialize<'de> for AIMessageChunk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}
