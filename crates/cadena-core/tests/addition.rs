//! Addition of chunks: associative, with the empty chunk as its identity (law 2).

use cadena_core::{
    AIMessage, AIMessageChunk, ChunkPosition, Logprobs, Merge, Streamable, TokenLogprob, ToolCallChunk, TopLogprob,
    UsageMetadata,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn tokens() -> impl Strategy<Value = Option<Vec<TokenLogprob>>> {
    let top = option::of(vec(
        ("[a-cé🦀]{0,2}", -9.0..0.0f64).prop_map(|(token, p)| TopLogprob::new(token, p)),
        0..3,
    ));
    let token = ("[a-cé🦀]{0,3}", -9.0..0.0f64, top).prop_map(|(token, p, top)| {
        let mut token = TokenLogprob::new(token, p);
        token.top_logprobs = top;
        token
    });
    option::of(vec(token, 0..3))
}

fn logprobs() -> impl Strategy<Value = Option<Logprobs>> {
    option::of((tokens(), tokens()).prop_map(|(content, refusal)| {
        let mut logprobs = Logprobs::default();
        logprobs.content = content;
        logprobs.refusal = refusal;
        logprobs
    }))
}

/// Pieces of calls as providers send them: an id comes with the first piece of an index and is never contradicted.
///
/// Two different ids under one index begin two calls, and a piece without an id then continues the first of them: which
/// piece is first depends on where the sum is split, so this one case is not associative (nor is it in LangChain).
fn tool_call_chunk() -> impl Strategy<Value = ToolCallChunk> {
    (
        0..3i64,
        option::of("[a-z]{1,3}"),
        option::of("[{}\":0-9a]{0,4}"),
        any::<bool>(),
    )
        .prop_map(|(index, name, args, with_id)| {
            let mut piece = ToolCallChunk::new(index);
            piece.name = name;
            piece.args = args;
            piece.id = with_id.then(|| format!("call_{index}"));
            piece
        })
}

fn usage() -> impl Strategy<Value = Option<UsageMetadata>> {
    option::of(
        (0..9u64, 0..9u64, option::of(0..9u64)).prop_map(|(input, output, cached)| {
            let mut usage = UsageMetadata::new(input, output);
            usage.input_token_details =
                cached.map(|cached| Box::new(cadena_core::TokenDetails::from([("cache_read".to_owned(), cached)])));
            usage
        }),
    )
}

fn chunk() -> impl Strategy<Value = AIMessageChunk> {
    let metadata = (logprobs(), option::of("stop|length"), option::of("gpt-[xy]"));
    let ids = option::of("(lc_[ab])|(lc_run--[ab])|(msg-[ab])");
    let text = "[a-cé🦀 ]{0,4}";
    let refusal = option::of("[a-z]{1,3}");
    (
        text,
        metadata,
        vec(tool_call_chunk(), 0..3),
        usage(),
        ids,
        refusal,
        any::<bool>(),
    )
        .prop_map(
            |(text, (logprobs, finish_reason, model_name), calls, usage, id, refusal, last)| {
                let mut chunk = AIMessageChunk::new(text);
                chunk.response_metadata.logprobs = logprobs;
                chunk.response_metadata.finish_reason = finish_reason;
                chunk.response_metadata.model_name = model_name;
                chunk.tool_call_chunks = calls;
                chunk.usage_metadata = usage;
                chunk.id = id;
                if let Some(refusal) = refusal {
                    chunk.additional_kwargs.insert("refusal", refusal);
                }
                chunk.chunk_position = last.then_some(ChunkPosition::Last);
                chunk
            },
        )
}

/// A chunk in its normal form: pieces of the same call within one chunk joined, as addition joins them.
fn normal(chunk: AIMessageChunk) -> AIMessageChunk {
    AIMessageChunk::default() + chunk
}

#[test]
fn a_call_that_was_cut_before_its_arguments_is_invalid() {
    let call = ToolCallChunk::new(0).with_name("pay").with_id("call_1").with_args("");
    let whole = AIMessage::from(
        AIMessageChunk::new("")
            .with_tool_call_chunk(call.clone())
            .with_finish_reason("stop"),
    );
    assert_eq!(whole.tool_calls.len(), 1);
    let cut = AIMessage::from(
        AIMessageChunk::new("")
            .with_tool_call_chunk(call)
            .with_finish_reason("length"),
    );
    assert_eq!((cut.tool_calls.len(), cut.invalid_tool_calls.len()), (0, 1));
}

proptest! {
    #[test]
    fn addition_is_associative(
        a in chunk().prop_map(normal),
        b in chunk().prop_map(normal),
        c in chunk().prop_map(normal),
    ) {
        let left = (a.clone() + b.clone()) + c.clone();
        let right = a + (b + c);
        prop_assert_eq!(left, right);
    }

    #[test]
    fn the_empty_chunk_is_the_identity_on_both_sides(a in chunk().prop_map(normal)) {
        prop_assert_eq!(AIMessageChunk::default() + a.clone(), a.clone());
        prop_assert_eq!(a.clone() + AIMessageChunk::default(), a);
    }

    #[test]
    fn sum_extend_and_strict_merge_agree(chunks in vec(chunk(), 0..6)) {
        let sum: AIMessageChunk = chunks.iter().cloned().sum();
        let mut extended = AIMessageChunk::default();
        extended.extend(chunks.iter().cloned());
        let mut merged = AIMessageChunk::default();
        for chunk in chunks {
            merged.merge(chunk).unwrap();
        }
        prop_assert_eq!(&sum, &extended);
        prop_assert_eq!(sum, merged);
    }

    #[test]
    fn addition_loses_no_character_and_no_logprob(chunks in vec(chunk(), 0..6)) {
        let text: String = chunks.iter().map(|chunk| chunk.text().into_owned()).collect();
        let tokens: usize = chunks.iter().filter_map(AIMessageChunk::logprobs).map(|l| l.tokens().count()).sum();
        let sum: AIMessageChunk = chunks.into_iter().sum();
        prop_assert_eq!(sum.text(), text);
        prop_assert_eq!(sum.logprobs().map_or(0, |logprobs| logprobs.tokens().count()), tokens);
    }

    #[test]
    fn a_message_survives_its_chunk_and_its_json(chunks in vec(chunk(), 1..4)) {
        let message = AIMessage::from(chunks.into_iter().sum::<AIMessageChunk>());
        prop_assert_eq!(&AIMessage::from_chunk(message.clone().into_chunk()).unwrap(), &message);
        let json = serde_json::to_value(&message).unwrap();
        prop_assert_eq!(serde_json::from_value::<AIMessage>(json).unwrap(), message);
    }
}
