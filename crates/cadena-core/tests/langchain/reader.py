"""Reads and writes messages with langchain-core, for tests/langchain/main.rs.

In, one JSON object: {"messages": [a message's dump], "streams": [[a chunk's dump]]}.
Out, one JSON object: the same lists, each message as
    {"dump": model_dump(), "dict": message_to_dict(), "lc": dumps()}, or {"error": text} where LangChain refuses it,
a stream as what its chunks add up to; and "made": [messages made by LangChain, in the same forms].
"""

import json
import sys

import langchain_core.messages as classes
from langchain_core.load import dumps
from langchain_core.messages import AnyMessage, convert_to_messages, message_to_dict, messages_from_dict
from langchain_core.messages.utils import message_chunk_to_message
from pydantic import TypeAdapter

KINDS = {
    "human": "HumanMessage",
    "ai": "AIMessage",
    "system": "SystemMessage",
    "tool": "ToolMessage",
    "chat": "ChatMessage",
    "function": "FunctionMessage",
    "remove": "RemoveMessage",
}


def of_class(dump):
    kind = dump["type"]
    fields = dict(dump)
    if kind == "remove":
        del fields["content"]  # its constructor takes none, not even an empty one
    return getattr(classes, KINDS.get(kind, kind))(**fields)


def forms(message):
    return {
        "dump": message.model_dump(),
        "dict": message_to_dict(message),
        "lc": json.loads(dumps(message)),
        "blocks": None if message.type == "remove" else message.content_blocks,
    }


def read(dump):
    """By every way on which LangChain takes a stored message; all must give the same."""
    message = of_class(dump)
    if dump["type"] != "remove":
        by_dict = messages_from_dict([{"type": dump["type"], "data": dump}])[0]
        by_type = TypeAdapter(AnyMessage).validate_python(dump)
        for other in (by_dict, by_type):
            assert other == message, f"{other!r} != {message!r}"
    if dump["type"] in KINDS and dump["type"] not in ("remove", "chat"):  # which it reads from no dump, its own included
        convert_to_messages([dump])
    return forms(message)


def attempt(work, given):
    try:
        return work(given)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def add(dumps):
    total, *rest = map(of_class, dumps)
    for chunk in rest:
        total += chunk
    return forms(message_chunk_to_message(total))


def made():
    c = classes
    logprobs = {
        "content": [
            {"token": "a", "logprob": float("-inf"), "bytes": [97], "top_logprobs": [{"token": "b", "logprob": float("-inf"), "bytes": None}]},
            {"token": "c", "logprob": -0.5, "bytes": None, "top_logprobs": []},
        ],
        "refusal": None,
    }
    usage = {
        "input_tokens": 9,
        "output_tokens": 3,
        "total_tokens": 12,
        "input_token_details": {"cache_read": 4, "cache_creation": 1, "audio": 0},
        "output_token_details": {"reasoning": 1},
    }
    call = {"name": "f", "args": {"a": [1, {"b": None}]}, "id": "c1"}
    broken = {"name": "g", "args": '{"a": ', "id": None, "error": "cut", "type": "invalid_tool_call"}
    blocks = [
        {"type": "text", "text": "a", "annotations": [{"type": "citation", "url": "https://x.y", "title": "t"}]},
        {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "s"}},
        {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {"query": "q"}},
        {"type": "server_tool_result", "tool_call_id": "s1", "status": "success", "output": [1]},
        {"type": "image", "base64": "AAAA", "mime_type": "image/png"},
        {"type": "tool_call", **call},
        {"type": "non_standard", "value": {"type": "weird"}},
    ]
    return [
        c.HumanMessage("hi", name="ann", id="h1"),
        c.HumanMessage([{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "https://x.y/z.png"}}]),
        c.SystemMessage("s", additional_kwargs={"__openai_role__": "developer"}),
        c.AIMessage("a", tool_calls=[call], invalid_tool_calls=[broken], usage_metadata=usage, id="run-1",
                    response_metadata={"logprobs": logprobs, "model_name": "m", "finish_reason": "stop", "created": 1.5}),
        c.AIMessage(content_blocks=blocks, response_metadata={"model_provider": "openai"}),
        c.AIMessage("", additional_kwargs={"tool_calls": [{"id": "c9", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]}),
        c.AIMessage("", additional_kwargs={"lc": 1, "note": {"lc": 2, "type": "secret", "id": ["X"]}}),
        c.ToolMessage("r", tool_call_id="c1", name="f", status="error", artifact={"rows": [1, 2.5, None]}),
        c.ToolMessage([{"type": "text", "text": "r"}, "x"], tool_call_id="c1"),
        c.ChatMessage("x", role="critic"),
        c.FunctionMessage("x", name="f"),
        c.RemoveMessage(id="h1"),
        c.HumanMessageChunk("h"),
        c.SystemMessageChunk("s"),
        c.ChatMessageChunk("x", role="critic"),
        c.FunctionMessageChunk("x", name="f"),
        c.ToolMessageChunk("x", tool_call_id="c1", artifact=[1]),
        c.AIMessageChunk("a", tool_call_chunks=[{"name": "f", "args": '{"a": ', "id": "c1", "index": 0}], usage_metadata=usage,
                         response_metadata={"logprobs": logprobs}),
        c.AIMessageChunk([{"type": "text", "text": "a", "index": 0}], chunk_position="last"),
        c.AIMessageChunk("", tool_calls=[call], invalid_tool_calls=[broken]),
    ]


given = json.load(sys.stdin)
out = {
    "messages": [attempt(read, dump) for dump in given["messages"]],
    "streams": [attempt(add, stream) for stream in given["streams"]],
    "made": [attempt(forms, message) for message in made()],
}
json.dump(out, sys.stdout)
