//! The whole answer of a call, read.

use cadena_core::{AIMessageChunk, ChoicesChunk, Error, ErrorKind, Result};
use cadena_http::{HttpResponse, Redactor};

use super::{Call, note};
use crate::endpoint::Api;
use crate::responses::{self, Assembler, Response};
use crate::wire::{self, ChatCompletion};
use crate::{convert, error};

impl Call {
    /// Reads a whole answer: every choice, the first among them.
    pub(crate) fn read(&self, answer: &HttpResponse) -> Result<ChoicesChunk> {
        let redactor = self.redactor();
        let tag = |error: Error| match answer.request_id() {
            Some(id) if error.request_id().is_none() => error.with_request_id(redactor.snippet(id.as_bytes())),
            _ => error,
        };
        match self.api {
            Api::ChatCompletions => self.read_completion(answer, &redactor),
            Api::Responses => self.read_response(answer, &redactor),
        }
        .map_err(tag)
    }

    fn read_response(&self, answer: &HttpResponse, redactor: &Redactor) -> Result<ChoicesChunk> {
        let read = wire::read_twice(&answer.body, |body| self.assemble(body, answer, redactor));
        let mut chunk = read.unwrap_or_else(|cause| Err(self.malformed("a response", answer, &cause, redactor)))?;
        note(&mut chunk, self.notes(&answer.headers));
        Ok([(0, chunk)].into_iter().collect())
    }

    /// The message of a response; the outer error is one of its JSON.
    fn assemble(
        &self,
        body: &[u8],
        answer: &HttpResponse,
        redactor: &Redactor,
    ) -> serde_json::Result<Result<AIMessageChunk>> {
        let response: Response<'_> = serde_json::from_slice(body)?;
        if response.output.is_none() {
            if let Some(refused) = self.refused(answer, redactor) {
                return Ok(Err(refused));
            }
            if response.status.known().is_none() {
                let detail = format!("the answer is no response: {}", error::quote(&answer.body, redactor));
                return Ok(Err(Error::new(ErrorKind::Decode, detail)));
            }
        }
        if let Err(error) = responses::check(&response, redactor) {
            return Ok(Err(error));
        }
        let unfinished = responses::unfinished(&response, redactor);
        let mut chunk = AIMessageChunk::default();
        Assembler::default().finish(response, &self.model, &mut chunk)?;
        Ok(match unfinished {
            Some(error) => Err(error.with_partial(chunk)),
            None => Ok(chunk),
        })
    }

    fn read_completion(&self, answer: &HttpResponse, redactor: &Redactor) -> Result<ChoicesChunk> {
        let read = wire::read_twice(&answer.body, |body| {
            let completion: ChatCompletion<'_> = serde_json::from_slice(body)?;
            Ok(self.choices(completion, answer, redactor))
        });
        let whole = read.unwrap_or_else(|cause| Err(self.malformed("a chat completion", answer, &cause, redactor)))?;
        let mut notes = self.notes(&answer.headers);
        let noted = whole.into_iter().map(move |(index, mut chunk)| {
            note(&mut chunk, std::mem::take(&mut notes));
            (index, chunk)
        });
        Ok(noted.collect())
    }

    /// The choices of a completion.
    fn choices(
        &self,
        completion: ChatCompletion<'_>,
        answer: &HttpResponse,
        redactor: &Redactor,
    ) -> Result<ChoicesChunk> {
        if let Some(report) = completion
            .error
            .as_deref()
            .filter(|report| error::says_something(report))
        {
            // The members beside it, such as a status, belong to the report.
            return Err(self
                .refused(answer, redactor)
                .unwrap_or_else(|| error::of_report(report, redactor)));
        }
        let beside = error::beside_choices(&answer.body, redactor);
        let mut failed = completion
            .choices
            .iter()
            .flatten()
            .filter_map(|choice| choice.error.as_deref());
        if let Some(report) = failed.find(|report| error::says_something(report)) {
            return Err(error::of_report(report, redactor));
        }
        let whole = convert::whole(completion, &self.model).ok_or_else(|| {
            self.refused(answer, redactor).unwrap_or_else(|| {
                let detail = format!("the answer has no choice: {}", error::quote(&answer.body, redactor));
                Error::new(ErrorKind::Decode, detail)
            })
        })?;
        match beside {
            Some(error) => Err(error.with_partial_choices(whole)),
            None => Ok(whole),
        }
    }

    /// The error of an answer that cannot be read: what it reports itself, if it does.
    fn malformed(&self, what: &str, answer: &HttpResponse, cause: &serde_json::Error, redactor: &Redactor) -> Error {
        let refused = self.refused(answer, redactor);
        refused.unwrap_or_else(|| error::malformed("the answer", what, &answer.body, cause, redactor))
    }

    /// The error that a body reports which is not a completion, if it does.
    fn refused(&self, answer: &HttpResponse, redactor: &Redactor) -> Option<Error> {
        error::reported(&answer.body, redactor)
    }
}
