//! The same answers by cadena, as its users ask for them.

use std::sync::Arc;

use cadena_core::messages::Logprobs;
use cadena_core::{AIMessage, Bind, Bound, Chain, ChatOptions, ChatPromptTemplate, Dict, RunnableExt, dict};
use cadena_openai::ChatOpenAI;
use futures::TryStreamExt;

use crate::case::{Seen, Wanted};

pub(crate) fn model(url: &str, wanted: Wanted) -> Bound<ChatOpenAI> {
    let options = match wanted.top {
        true => ChatOptions::new().logprobs(true).top_logprobs(5),
        false => ChatOptions::new(),
    };
    let model = ChatOpenAI::new(crate::server::model(wanted));
    model.with_base_url(url).with_api_key("sk-bench").bind(options)
}

/// Text and every token of each chunk, with all alternatives, kept until the end as `raw` keeps them.
pub(crate) async fn read(llm: Arc<Bound<ChatOpenAI>>, wanted: Wanted) -> Seen {
    if !wanted.stream {
        let message = llm.invoke("hi").await.unwrap();
        return Seen {
            text: message.text().len(),
            tokens: Some(count(message.logprobs())),
        };
    }
    let (mut text, mut kept) = (String::new(), Vec::new());
    let mut chunks = llm.stream("hi");
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        text.push_str(&chunk.text());
        kept.extend(chunk.response_metadata.logprobs);
    }
    Seen {
        text: text.len(),
        tokens: Some(kept.iter().map(|logprobs| count(Some(logprobs))).sum()),
    }
}

fn count(logprobs: Option<&Logprobs>) -> usize {
    let tokens = logprobs.into_iter().flat_map(Logprobs::tokens);
    tokens
        .map(|token| {
            let top = token.top_logprobs.iter().flatten();
            let top = top.filter(|top| top.logprob <= 0.0 && top.bytes.is_some() && !top.token.is_empty());
            let own = token.logprob <= 0.0 && token.bytes.is_some() && !token.token.is_empty();
            usize::from(own) + top.count()
        })
        .sum()
}

/// Text alone; log probabilities arrive, are kept, and nobody looks at them.
pub(crate) async fn leave_unread(llm: Arc<Bound<ChatOpenAI>>, wanted: Wanted) -> Seen {
    let (mut text, mut kept) = (String::new(), Vec::new());
    if wanted.stream {
        let mut chunks = llm.stream("hi");
        while let Some(chunk) = chunks.try_next().await.unwrap() {
            text.push_str(&chunk.text());
            kept.extend(chunk.response_metadata.logprobs);
        }
    } else {
        let message = llm.invoke("hi").await.unwrap();
        text = message.text().into_owned();
        kept.extend(message.response_metadata.logprobs);
    }
    Seen {
        text: text.len(),
        tokens: None,
    }
}

pub(crate) fn chain(url: &str, wanted: Wanted) -> Chain<Dict, AIMessage> {
    ChatPromptTemplate::from_messages([("human", "{question}")]).unwrap() | model(url, wanted)
}

/// As `read`, through a prompt and a chain.
pub(crate) async fn run_chain(chain: Arc<Chain<Dict, AIMessage>>, wanted: Wanted) -> Seen {
    if !wanted.stream {
        let message = chain.invoke(dict! {"question": "hi"}).await.unwrap();
        return Seen {
            text: message.text().len(),
            tokens: Some(count(message.logprobs())),
        };
    }
    let (mut text, mut kept) = (String::new(), Vec::new());
    let mut chunks = chain.stream(dict! {"question": "hi"});
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        text.push_str(&chunk.text());
        kept.extend(chunk.response_metadata.logprobs);
    }
    Seen {
        text: text.len(),
        tokens: Some(kept.iter().map(|logprobs| count(Some(logprobs))).sum()),
    }
}
