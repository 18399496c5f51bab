//! The input file of one batch, written as the form that uploads it.

use cadena_core::{Error, ErrorKind, Result};
use http::HeaderValue;
use serde::Serialize;
use serde_json::value::RawValue;

/// A line of JSON begins with a brace and holds no line break, so no content can be taken for the boundary.
const BOUNDARY: &str = "cadena-batch-7d1f0c52";

/// Where every request of a job goes.
pub(super) const ENDPOINT: &str = "/v1/chat/completions";

/// How large the input file of one batch may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileLimits {
    pub(super) requests: u64,
    pub(super) bytes: usize,
}

/// A growing input file. The form stands around it from the start, so that nothing is copied when it is sent.
#[derive(Debug)]
pub(super) struct InputFile {
    form: Vec<u8>,
    head: usize,
    requests: u64,
    limits: FileLimits,
}

#[derive(Serialize)]
struct Line<'a> {
    custom_id: &'a str,
    method: &'static str,
    url: &'static str,
    body: &'a RawValue,
}

impl InputFile {
    pub(super) fn new(limits: FileLimits) -> Self {
        let form = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{BOUNDARY}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\ncontent-type: application/jsonl\r\n\r\n"
        );
        Self {
            head: form.len(),
            form: form.into_bytes(),
            requests: 0,
            limits,
        }
    }

    /// A line of the file: the request as the endpoint would get it.
    pub(super) fn line(custom_id: &str, body: &[u8]) -> Result<Vec<u8>> {
        let written = serde_json::from_slice(body).and_then(|body| {
            let mut line = serde_json::to_vec(&Line {
                custom_id,
                method: "POST",
                url: ENDPOINT,
                body,
            })?;
            line.push(b'\n');
            Ok(line)
        });
        written.map_err(|e| {
            let detail = format!("the request `{custom_id}` cannot be written as JSON");
            Error::new(ErrorKind::InvalidInput, detail).with_source(e)
        })
    }

    /// Appends a line if there is room for it; an empty file has room for one line that is within the limit at all.
    pub(super) fn push(&mut self, custom_id: &str, line: &[u8]) -> Result<bool> {
        let bytes = self.form.len() - self.head;
        if line.len() > self.limits.bytes {
            let (size, limit) = (line.len(), self.limits.bytes);
            let detail = format!("the request `{custom_id}` has {size} bytes, and a batch file may have {limit}");
            return Err(Error::new(ErrorKind::LimitExceeded, detail));
        }
        if self.requests >= self.limits.requests || bytes + line.len() > self.limits.bytes {
            return Ok(false);
        }
        self.form.extend_from_slice(line);
        self.requests += 1;
        Ok(true)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests == 0
    }

    /// The form's content type and its bytes.
    pub(super) fn into_form(mut self) -> (HeaderValue, Vec<u8>) {
        self.form.extend_from_slice(b"\r\n--");
        self.form.extend_from_slice(BOUNDARY.as_bytes());
        self.form.extend_from_slice(b"--\r\n");
        let content_type = HeaderValue::from_static("multipart/form-data; boundary=cadena-batch-7d1f0c52");
        (content_type, self.form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_full_at_either_limit() {
        let line = InputFile::line("a", b"{}").unwrap();
        let text = "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{}}\n";
        assert_eq!(String::from_utf8(line.clone()).unwrap(), text);
        for (requests, bytes, room) in [(2, 1000, 2), (9, line.len() * 3, 3), (9, line.len(), 1)] {
            let mut file = InputFile::new(FileLimits { requests, bytes });
            let pushed = (0..9).filter(|_| file.push("a", &line).unwrap()).count();
            assert_eq!(pushed, room);
        }
    }

    #[test]
    fn a_line_that_fits_no_file_is_an_error_that_names_it() {
        let mut file = InputFile::new(FileLimits { requests: 9, bytes: 5 });
        let error = file.push("row-1", b"123456\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.detail().contains("`row-1` has 7 bytes"));
    }

    #[test]
    fn the_form_names_its_boundary() {
        let (content_type, form) = InputFile::new(FileLimits { requests: 1, bytes: 1 }).into_form();
        assert!(content_type.to_str().unwrap().ends_with(BOUNDARY));
        assert!(
            String::from_utf8(form)
                .unwrap()
                .ends_with(&format!("\r\n--{BOUNDARY}--\r\n"))
        );
    }
}
