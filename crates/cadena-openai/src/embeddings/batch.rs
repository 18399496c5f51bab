//! Embeddings in a batch job: one text to a line.

use std::slice;

use cadena_core::{ChatOptions, ChatRequest, Error, ErrorKind, Message, Result};
use cadena_http::Redactor;

use super::{Body, Embedded, List, OpenAIEmbeddings, PATH, in_order, pieces};
use crate::OpenAIClient;
use crate::batch::{BatchModel, Reader, Written, of_another, sealed};
use crate::connection::read;
use crate::tokens::Tokens;

const ENDPOINT: &str = "/v1/embeddings";

impl sealed::Sealed for OpenAIEmbeddings {}

impl BatchModel for OpenAIEmbeddings {
    type Output = Embedded;

    fn batch_client(&self) -> &OpenAIClient {
        &self.client
    }

    fn batch_name(&self) -> String {
        self.model.clone()
    }

    /// It has settings of its own, among them none of those that a line has no place for.
    fn batch_options(&self) -> ChatOptions {
        ChatOptions::new()
    }

    fn batch_request(&self, request: ChatRequest) -> Result<Written> {
        if request.options != ChatOptions::new() {
            let error = Error::new(ErrorKind::Unsupported, "a text that is embedded has no options");
            return Err(error.with_hint("set them on `OpenAIEmbeddings`"));
        }
        let text = match request.messages.as_slice() {
            [Message::Human(message)] => message.text().into_owned(),
            _ => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "a line embeds one text, and this is a conversation",
                ));
            }
        };
        let tokens = Tokens::of(self.client.config.model_behind(&self.model));
        if pieces(slice::from_ref(&text), self.limits, tokens)?.len() > 1 {
            let error = Error::new(ErrorKind::LimitExceeded, "the text is too long for the model");
            return Err(error.with_hint("cut it, or embed it by `embed`, which cuts and joins"));
        }
        let body = Body {
            model: &self.model,
            input: vec![&text],
            encoding_format: (!self.floats).then_some("base64"),
            dimensions: self.dimensions,
            extra: &self.extra,
        };
        let request = self.client.config.post(PATH)?.with_json(&body)?;
        Ok(Written {
            endpoint: ENDPOINT,
            model: self.model.clone(),
            body: request.body,
        })
    }

    fn batch_reader(&self, endpoint: Option<&str>) -> Result<Reader<Embedded>> {
        if let Some(other) = endpoint.filter(|endpoint| *endpoint != ENDPOINT) {
            return Err(of_another(other, &[ENDPOINT]));
        }
        let redactor = Redactor::of(&self.client.config.post(PATH)?);
        let model = self.clone();
        Ok(Box::new(move |answer| {
            let mut answer: List = read(answer, "list of embeddings", &redactor)?;
            let vectors = in_order(std::mem::take(&mut answer.data), 1)?;
            model.check_lengths(&vectors)?;
            let (prompt_tokens, total_tokens) = answer.tokens();
            Ok(Embedded {
                vectors,
                prompt_tokens,
                total_tokens,
                model: answer.model,
            })
        }))
    }
}
