//! The input file of one batch, written as the form that uploads it.

use cadena_core::{Error, ErrorKind, Result};
use cadena_http::HttpRequest;
use http::{HeaderValue, header};

use super::spool::{Spool, SpoolLimits};

/// A line of JSON begins with a brace and holds no line break, so no content can be taken for the boundary.
const BOUNDARY: &str = "cadena-batch-7d1f0c52";

/// How large the input file of one batch may be.
#[derive(Clone, Debug)]
pub(super) struct FileLimits {
    pub(super) requests: u64,
    pub(super) bytes: usize,
    pub(super) spool: SpoolLimits,
}

/// A growing input file, with the form around it from the start.
#[derive(Debug)]
pub(super) struct InputFile {
    form: Spool,
    limits: FileLimits,
    requests: u64,
    bytes: usize,
}

impl InputFile {
    pub(super) fn new(limits: FileLimits) -> Result<Self> {
        let mut form = Spool::new(limits.spool.clone());
        let head = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{BOUNDARY}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\ncontent-type: application/jsonl\r\n\r\n"
        );
        form.write(head.as_bytes())?;
        Ok(Self {
            form,
            limits,
            requests: 0,
            bytes: 0,
        })
    }

    /// Appends a line if there is room for it; an empty file has room for one line that is within the limit at all.
    pub(super) fn push(&mut self, custom_id: &str, line: &[u8]) -> Result<bool> {
        if line.len() > self.limits.bytes {
            let (size, limit) = (line.len(), self.limits.bytes);
            let detail = format!("the request `{custom_id}` has {size} bytes, and a batch file may have {limit}");
            return Err(Error::new(ErrorKind::LimitExceeded, detail));
        }
        if self.requests >= self.limits.requests || self.bytes + line.len() > self.limits.bytes {
            return Ok(false);
        }
        self.form.write(line)?;
        self.bytes += line.len();
        self.requests += 1;
        Ok(true)
    }

    /// Makes the form the body of a request.
    pub(super) fn attach(mut self, request: HttpRequest) -> Result<HttpRequest> {
        self.form.write(format!("\r\n--{BOUNDARY}--\r\n").as_bytes())?;
        let content_type = HeaderValue::from_static("multipart/form-data; boundary=cadena-batch-7d1f0c52");
        self.form
            .attach(request.with_header(header::CONTENT_TYPE, content_type))
    }
}

/// Writes a line of the file in place of what the buffer held: the request as the endpoint would get it.
pub(super) fn write_line(line: &mut Vec<u8>, custom_id: &str, endpoint: &str, body: &[u8]) -> Result<()> {
    line.clear();
    line.extend_from_slice(b"{\"custom_id\":");
    serde_json::to_writer(&mut *line, custom_id)
        .map_err(|cause| Error::new(ErrorKind::InvalidInput, "a custom id cannot be written").with_source(cause))?;
    line.extend_from_slice(b",\"method\":\"POST\",\"url\":\"");
    line.extend_from_slice(endpoint.as_bytes());
    line.extend_from_slice(b"\",\"body\":");
    let start = line.len();
    line.extend_from_slice(body);
    // In JSON a line break occurs between values only, where a space does as well.
    for byte in line.iter_mut().skip(start).filter(|byte| **byte == b'\n') {
        *byte = b' ';
    }
    line.extend_from_slice(b"}\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests: u64, bytes: usize) -> FileLimits {
        let spool = SpoolLimits {
            memory: 1 << 20,
            dir: None,
        };
        FileLimits { requests, bytes, spool }
    }

    fn line(custom_id: &str, body: &str) -> String {
        let mut line = b"what was there".to_vec();
        write_line(&mut line, custom_id, "/v1/responses", body.as_bytes()).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn a_line_is_one_line_of_json_whatever_it_holds() {
        let text = "{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/responses\",\"body\":{}}\n";
        assert_eq!(line("a", "{}"), text);
        let odd = line("\"\n\\ü", "{\n\"a\": \"\\n\"}");
        assert_eq!(odd.find('\n'), Some(odd.len() - 1));
        let read: serde_json::Value = serde_json::from_str(&odd).unwrap();
        assert_eq!(
            (&read["custom_id"], &read["body"]["a"]),
            (&"\"\n\\ü".into(), &"\n".into())
        );
    }

    #[test]
    fn a_file_is_full_at_either_limit() {
        let line = line("a", "{}");
        for (requests, bytes, room) in [(2, 1000, 2), (9, line.len() * 3, 3), (9, line.len(), 1)] {
            let mut file = InputFile::new(limits(requests, bytes)).unwrap();
            let pushed = (0..9).filter(|_| file.push("a", line.as_bytes()).unwrap()).count();
            assert_eq!(pushed, room);
        }
    }

    #[test]
    fn a_line_that_fits_no_file_is_an_error_that_names_it() {
        let mut file = InputFile::new(limits(9, 5)).unwrap();
        let error = file.push("row-1", b"123456\n").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.detail().contains("`row-1` has 7 bytes"));
    }

    #[test]
    fn the_form_names_its_boundary() {
        let file = InputFile::new(limits(1, 1)).unwrap();
        let request = file.attach(HttpRequest::post("http://h/")).unwrap();
        let content_type = request.headers[header::CONTENT_TYPE].to_str().unwrap();
        assert!(content_type.ends_with(BOUNDARY));
        assert!(request.body.ends_with(format!("\r\n--{BOUNDARY}--\r\n").as_bytes()));
    }
}
