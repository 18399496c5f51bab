//! Parts of content as they are sent.

use cadena_core::messages::{OpenAIApi, convert_to_openai_data_block, is_anthropic_data_block, is_data_content_block};
use cadena_core::{Content, ContentPart, JsonBlock};
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{breakpoint, is_anthropics_work, set_breakpoint};

/// Whose content it is: the server accepts different parts from each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    User,
    Assistant,
    Tool,
}

/// Content in the form of Chat Completions: LangChain's blocks become OpenAI's, blocks of other protocols are left out.
pub(super) struct OutContent<'a> {
    pub(super) content: &'a Content,
    pub(super) audience: Audience,
}

impl Serialize for OutContent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.content {
            Content::Text(text) => serializer.serialize_str(text),
            // A list must not be empty there, while a text may.
            Content::Parts(parts) if !parts.iter().any(|part| self.audience.accepts(part)) => {
                serializer.serialize_str("")
            }
            Content::Parts(parts) => {
                let sent = parts.iter().filter(|part| self.audience.accepts(part));
                serializer.collect_seq(sent.map(|part| OutPart {
                    part,
                    audience: self.audience,
                }))
            }
        }
    }
}

impl Audience {
    /// Whether the part is sent. Calls and reasoning are elsewhere in a message, or are not sent back at all.
    pub(crate) fn accepts(self, part: &ContentPart) -> bool {
        let Some(kind) = part.block_type() else { return true };
        (self == Self::Assistant && is_own_thought(part)) || self.accepts_kind(kind)
    }

    /// Whether a part of this type is sent.
    pub(crate) fn accepts_kind(self, kind: &str) -> bool {
        let is_work = || WITHOUT_WORDS.contains(&kind) || is_anthropics_work(kind);
        !(NEVER_SENT.contains(&kind) || self == Self::Assistant && is_work())
    }
}

/// Whether it is a thought in the form of this protocol, a list of parts, as Mistral's servers send it and take it back. Anthropic's is a text.
fn is_own_thought(part: &ContentPart) -> bool {
    match part {
        ContentPart::Block(block) => {
            block.block_type() == Some("thinking") && block.get("thinking").is_some_and(Value::is_array)
        }
        ContentPart::Text(_) => false,
    }
}

/// Parts of other protocols, whoever wrote the message.
const NEVER_SENT: [&str; 5] = [
    "code_interpreter_call",
    "function_call",
    "reasoning_content",
    "thinking",
    "tool_use",
];

/// Parts of an answer of another protocol other than text: thoughts, calls that are beside the content as well, and what the
/// server's own tools did. Chat Completions has no form for any of it, and a conversation can go on there without it.
///
/// Not among them is what would be missed: a picture that was made, a call that the caller answers (`computer_call`), a question that
/// waits for an answer (`mcp_approval_request`), a conversation made short (`compaction`).
const WITHOUT_WORDS: [&str; 14] = [
    "custom_tool_call",
    "file_search_call",
    "invalid_tool_call",
    "mcp_call",
    "mcp_list_tools",
    "reasoning",
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_result",
    "tool_call",
    "tool_call_chunk",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

struct OutPart<'a> {
    part: &'a ContentPart,
    audience: Audience,
}

impl Serialize for OutPart<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Text<'a> {
            r#type: &'static str,
            text: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            prompt_cache_breakpoint: Option<&'a Value>,
        }
        let words = |text, prompt_cache_breakpoint| Text {
            r#type: "text",
            text,
            prompt_cache_breakpoint,
        };
        #[derive(Serialize)]
        struct Refusal<'a> {
            r#type: &'static str,
            refusal: &'a str,
        }
        let text = self.part.as_text();
        let block = match (self.part, text) {
            (ContentPart::Text(text), _) => return words(text, None).serialize(serializer),
            // The server does not take back the other members of an answer's text (`index`, `annotations`, …).
            (ContentPart::Block(block), Some(text)) if self.audience != Audience::User => {
                return words(text, breakpoint(block)).serialize(serializer);
            }
            // `extras` are LangChain's, and no server knows them.
            (ContentPart::Block(block), Some(text)) if block.get("extras").is_some() && breakpoint(block).is_some() => {
                return words(text, breakpoint(block)).serialize(serializer);
            }
            (ContentPart::Block(block), _) => block,
        };
        if let Some(refusal) = refusal(self.part).filter(|_| self.audience == Audience::Assistant) {
            return Refusal {
                r#type: "refusal",
                refusal,
            }
            .serialize(serializer);
        }
        if let Some(Value::String(url)) = block.get("image_url") {
            return with_long_image_url(block, url, serializer);
        }
        if text.is_some() {
            return block.serialize(serializer);
        }
        let map = block.to_map();
        let breakpoint = breakpoint(block);
        if !is_data_content_block(&map) && !is_anthropic_data_block(&map) {
            if breakpoint.is_none() || !map.contains_key("extras") {
                return block.serialize(serializer);
            }
            let mut part = map.into_owned();
            part.shift_remove("extras");
            set_breakpoint(&mut part, breakpoint);
            return part.serialize(serializer);
        }
        let block = convert_to_openai_data_block(&map, OpenAIApi::ChatCompletions);
        let mut block = block.map_err(S::Error::custom)?;
        set_breakpoint(&mut block, breakpoint);
        if let Some(format) = block.get_mut("input_audio").and_then(|audio| audio.get_mut("format"))
            && let Some(known) = format.as_str().and_then(audio_format)
        {
            *format = known.into();
        }
        block.serialize(serializer)
    }
}

/// Writes a part whose image has the short form, which OpenAI itself does not take. Not by a changed copy: the address may be the image.
fn with_long_image_url<S: Serializer>(block: &JsonBlock, url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Image<'a> {
        url: &'a str,
    }
    let mut map = serializer.serialize_map(None)?;
    for (key, value) in block.iter() {
        match key {
            "image_url" => map.serialize_entry(key, &Image { url })?,
            _ => map.serialize_entry(key, value)?,
        }
    }
    map.end()
}

/// The text of a refusal inside the content.
pub(super) fn refusal(part: &ContentPart) -> Option<&str> {
    match part {
        ContentPart::Block(block) if part.block_type() == Some("refusal") => block.get("refusal")?.as_str(),
        _ => None,
    }
}

/// OpenAI's name for the format of a sound, where the media type has another.
fn audio_format(media_type: &str) -> Option<&'static str> {
    match media_type {
        "mpeg" | "mpeg3" | "x-mpeg-3" => Some("mp3"),
        "wave" | "x-wav" | "vnd.wave" => Some("wav"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(audience: Audience, content: Value, expect: Value) {
        let content = serde_json::from_value(content).unwrap();
        assert_eq!(
            serde_json::to_value(OutContent {
                content: &content,
                audience
            })
            .unwrap(),
            expect
        );
    }

    #[test]
    fn blocks_of_data_become_openais() {
        check(
            Audience::User,
            json!([
                "a",
                {"type": "image", "url": "https://x/y.png"},
                {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
                {"type": "image", "source_type": "base64", "data": "aGk=", "mime_type": "image/png"},
                {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
                {"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "filename": "a.pdf"},
                {"type": "file", "file_id": "f1"},
            ]),
            json!([
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
                {"type": "file", "file": {"file_id": "f1"}},
            ]),
        );
    }

    #[test]
    fn openais_own_and_unknown_blocks_go_out_as_they_are() {
        let blocks = json!([
            {"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}},
            {"type": "text", "text": "t", "cache_control": {"type": "ephemeral"}},
            {"type": "video_url", "video_url": {"url": "https://x"}},
        ]);
        check(Audience::User, blocks.clone(), blocks);
    }

    #[test]
    fn blocks_in_anthropics_form_become_openais() {
        let image = |source: Value| json!({"type": "image", "source": source, "cache_control": {"type": "ephemeral"}});
        let document = |source: Value| json!({"type": "document", "title": "a.pdf", "source": source});
        check(
            Audience::User,
            json!([
                image(json!({"type": "base64", "media_type": "image/png", "data": "aGk="})),
                image(json!({"type": "url", "url": "https://x/y.png"})),
                document(json!({"type": "base64", "media_type": "application/pdf", "data": "aGk="})),
                document(json!({"type": "text", "media_type": "text/plain", "data": "hi"})),
            ]),
            json!([
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
                {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                {"type": "file", "file": {"file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"}},
                {"type": "text", "text": "hi"},
            ]),
        );
    }

    #[test]
    fn a_breakpoint_of_the_cache_is_lifted_out_of_the_extras_onto_the_part() {
        let (extras, point) = (
            json!({"prompt_cache_breakpoint": {"mode": "explicit"}, "a": 1}),
            json!({"mode": "explicit"}),
        );
        let content = json!([
            {"type": "text", "text": "t", "id": "lc_1", "extras": extras},
            {"type": "image", "url": "https://x", "extras": extras},
            {"type": "image", "url": "https://x", "prompt_cache_breakpoint": null, "extras": extras},
            {"type": "image", "source": {"type": "url", "url": "https://x"}, "extras": extras},
            {"type": "image_url", "image_url": {"url": "https://x"}, "extras": extras},
        ]);
        let image = |point: &Value| json!({"type": "image_url", "image_url": {"url": "https://x"}, "prompt_cache_breakpoint": point});
        let text = json!({"type": "text", "text": "t", "prompt_cache_breakpoint": point});
        let null = Value::Null;
        let expect = json!([text, image(&point), image(&null), image(&point), image(&point)]);
        check(Audience::User, content.clone(), expect.clone());
        check(Audience::Tool, content, expect);
    }

    #[test]
    fn a_block_that_cannot_be_sent_is_an_error() {
        let content = serde_json::from_value(json!([{"type": "video", "url": "https://x"}])).unwrap();
        let error = serde_json::to_value(OutContent {
            content: &content,
            audience: Audience::User,
        })
        .unwrap_err();
        assert!(error.to_string().contains("`video`"), "{error}");
    }

    #[test]
    fn an_answer_of_anthropics_goes_to_openai_as_its_words() {
        check(
            Audience::Assistant,
            json!([
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "t", "citations": [{"type": "char_location", "cited_text": "t"}]},
                {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
                {"type": "mcp_tool_use", "id": "m1", "name": "f", "input": {}},
                {"type": "mcp_tool_result", "tool_use_id": "m1", "content": []},
                {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
            ]),
            json!([{"type": "text", "text": "t"}]),
        );
    }

    #[test]
    fn an_answers_text_goes_back_without_what_the_server_added() {
        check(
            Audience::Assistant,
            json!([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "t", "index": 0}, {"type": "tool_use", "id": "1"}]),
            json!([{"type": "text", "text": "t"}]),
        );
    }
}
