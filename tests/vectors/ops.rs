//! The table of operations.

use serde_json::Value;

use crate::compare::Compare;
use crate::{
    CaseError, blocks, config, history, json, kinds, merge, messages, openai, parsers, prompts, runnable, tool_calls,
    tools,
};

/// How one operation is run and compared.
///
/// `run` is an ordinary function. An asynchronous operation builds a current-thread tokio runtime inside it and blocks on
/// it: the clients need tokio's reactor, and one runtime per case leaves nothing for the next.
pub(crate) struct Op {
    pub(crate) name: &'static str,
    pub(crate) run: Run,
    pub(crate) compare: Compare,
}

type Run = fn(&Value) -> Result<Value, CaseError>;

const fn op(name: &'static str, run: Run, compare: Compare) -> Op {
    Op { name, run, compare }
}

const OPS: &[Op] = &[
    op("merge_dicts", merge::merge_dicts, Compare::EXACT),
    op("merge_lists", merge::merge_lists, Compare::EXACT),
    op("merge_obj", merge::merge_obj, Compare::EXACT),
    op("merge_content", merge::merge_content, Compare::EXACT),
    op("add_usage", messages::add_usage, Compare::EXACT),
    op("subtract_usage", messages::subtract_usage, Compare::EXACT),
    op(
        "add_ai_message_chunks",
        messages::add_ai_message_chunks,
        Compare::MESSAGE,
    ),
    op("ai_chunk_init", messages::ai_chunk_init, Compare::BUILT_MESSAGE),
    op("ai_message_init", messages::ai_message_init, Compare::BUILT_MESSAGE),
    op("message_chunk_to_message", kinds::chunk_to_message, Compare::MESSAGE),
    op("add_message_chunks", kinds::add_message_chunks, Compare::MESSAGE),
    op("add_generation_chunks", kinds::add_generation_chunks, Compare::MESSAGE),
    op("messages_to_dict", kinds::to_dict, Compare::BUILT_MESSAGE),
    op("messages_from_dict", kinds::from_dict, Compare::BUILT_MESSAGE),
    op("convert_to_messages", kinds::convert, Compare::BUILT_MESSAGE),
    op("convert_to_openai_messages", history::to_openai, Compare::BUILT_MESSAGE),
    op("get_buffer_string", history::buffer, Compare::EXACT),
    op("filter_messages", history::filter, Compare::BUILT_MESSAGE),
    op("merge_message_runs", history::merge_runs, Compare::BUILT_MESSAGE),
    op("trim_messages", history::trim, Compare::BUILT_MESSAGE),
    op("count_tokens_approximately", history::count, Compare::EXACT),
    op("content_blocks", blocks::content_blocks, Compare::MESSAGE),
    op("to_openai_data_block", blocks::to_openai_data_block, Compare::EXACT),
    op("runnable", runnable::run, Compare::MESSAGE),
    op("merge_configs", config::merge, Compare::EXACT),
    op("ensure_config", config::ensure, Compare::EXACT),
    op("config_list", config::list, Compare::EXACT),
    op("astream_events", runnable::events::run, Compare::MESSAGE),
    op("graph", runnable::graph, Compare::GRAPH),
    op("openai_request", openai::request, Compare::BUILT_MESSAGE),
    op("openai_response", openai::response, Compare::ANSWER),
    op("openai_stream", openai::stream, Compare::MESSAGE),
    op("parse_tool_call", tool_calls::parse_one, Compare::PARSED),
    op("parse_tool_calls", tool_calls::parse_list, Compare::PARSED),
    op("parse_partial_json", json::parse_partial, Compare::PARSED),
    op("parse_json_markdown", json::parse_markdown, Compare::PARSED),
    op(
        "parse_and_check_json_markdown",
        json::parse_and_check_markdown,
        Compare::PARSED,
    ),
    op("prompt_template", prompts::text, Compare::EXACT),
    op("prompt_jinja2", prompts::jinja, Compare::EXACT),
    op("chat_prompt", prompts::chat, Compare::BUILT_MESSAGE),
    op("few_shot_prompt", prompts::few_shot, Compare::EXACT),
    op("few_shot_chat_prompt", prompts::few_shot_chat, Compare::BUILT_MESSAGE),
    op("parser_invoke", parsers::invoke, Compare::PARSED),
    op("parser_stream", parsers::stream, Compare::PARSED),
    op("convert_to_openai_tool", tools::convert, Compare::EXACT),
];

pub(crate) fn find(name: &str) -> Option<&'static Op> {
    OPS.iter().find(|op| op.name == name)
}
