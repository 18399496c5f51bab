//! Parts of content that come from other protocols or from LangChain, on their way to OpenAI's two endpoints.

use cadena_core::JsonBlock;
use serde_json::{Map, Value};

const BREAKPOINT: &str = "prompt_cache_breakpoint";

/// Whether a block of an answer is Anthropic's and has no words: a thought, a call that the message has beside its content, or the work of
/// a tool that ran on Anthropic's servers. OpenAI has no form for any of it, and a conversation goes on there without it.
pub(crate) fn is_anthropics_work(kind: &str) -> bool {
    matches!(
        kind,
        "thinking" | "redacted_thinking" | "tool_use" | "input_json_delta" | "server_tool_use" | "mcp_tool_use"
    ) || kind.ends_with("_tool_result")
}

/// Up to where OpenAI's cache shall keep the prompt: set on the block itself, or in LangChain's `extras`.
pub(crate) fn breakpoint(block: &JsonBlock) -> Option<&Value> {
    let inside = || block.get("extras")?.get(BREAKPOINT);
    block.get(BREAKPOINT).or_else(inside)
}

/// Puts it on the part, where OpenAI looks for it.
pub(crate) fn set_breakpoint(part: &mut Map<String, Value>, breakpoint: Option<&Value>) {
    if let Some(breakpoint) = breakpoint {
        part.insert(BREAKPOINT.to_owned(), breakpoint.clone());
    }
}
