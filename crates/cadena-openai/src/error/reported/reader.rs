//! From the JSON of a report to its message, codes and parameters.

use cadena_http::Redactor;
use http::StatusCode;
use serde_json::{Map, Value};

use super::Reported;
use crate::error::quote::{quote_value, without_echoes};
use crate::error::report::says_something;
use crate::error::words::by_base_code;

/// How deeply reasons are looked for: a gateway of a gateway quotes what the first server said.
const DEPTH: u8 = 12;

/// How many entries of one list are repeated.
const ENTRIES: usize = 8;

/// About how many characters of what a server said are repeated.
const LENGTH: usize = 1000;

/// About how many bytes are searched for words that decide the kind.
const SEARCHED: usize = 32 * 1024;

/// Where the server puts its sentence. The first of them that is there counts.
const MESSAGES: [&str; 10] = [
    "message",
    "msg",
    "Message",
    "error_message",
    "errorMessage",
    "error_msg",
    "errorMsg",
    "status_msg",
    "error_description",
    "title",
];

/// Where it puts the reason, beside the sentence or in its place.
const REASONS: [&str; 8] = [
    "detail",
    "details",
    "errors",
    "Error",
    "Response",
    "base_resp",
    "innererror",
    "cause",
];

/// Walks through a report and collects its texts and codes.
pub(super) struct ReportReader<'a> {
    reported: Reported,
    redactor: &'a Redactor,
    /// Whether the next sentence is another entry of a list, and no reason of the one before.
    is_entry: bool,
    /// How many sentences were found, also those that were there already.
    sentences: usize,
}

impl<'a> ReportReader<'a> {
    pub(super) fn read(report: &Value, redactor: &'a Redactor) -> Reported {
        let mut reader = Self {
            reported: Reported::default(),
            redactor,
            is_entry: false,
            sentences: 0,
        };
        reader.value(report, DEPTH);
        reader.reported
    }

    fn value(&mut self, value: &Value, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::String(text) => self.text(text, depth),
            Value::Array(list) => self.list(list, depth),
            Value::Object(map) => self.object(map, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, map: &Map<String, Value>, depth: u8) {
        if let Some(Value::Array(place)) = map.get("loc") {
            return self.entry(place, map, depth);
        }
        if let (Some(Value::String(field)), Some(Value::String(said))) = (map.get("field"), map.get("description")) {
            // Google's.
            return self.say(&without_echoes(&format!("{field}: {said}")), said);
        }
        self.note(map);
        let error = map.get("error").filter(|error| says_something(error));
        let message = MESSAGES
            .iter()
            .find_map(|key| map.get(*key).filter(|value| says_something(value)));
        // A text is the class of the error; a report is its reason.
        let (first, second) = match error {
            Some(Value::String(_)) => (error, message),
            _ => (message, error),
        };
        let is_alone = first.is_none() || second.is_none();
        for reason in [first, second].into_iter().flatten() {
            // Without a sentence beside it, what is not understood is quoted by whoever holds it.
            match is_alone {
                true => self.value(reason, depth),
                false => self.reason(reason, depth),
            }
        }
        if let Some(Value::Object(metadata)) = map.get("metadata") {
            self.metadata(metadata, depth);
        }
        for key in REASONS {
            match map.get(key) {
                Some(Value::Object(fields)) if key == "errors" => self.fields(fields, depth),
                Some(base) if key == "base_resp" && !is_failed_base(base) => {}
                // Its findings are listed by category.
                Some(Value::Object(inner)) if key == "innererror" => self.note(inner),
                Some(reason) if says_something(reason) => self.reason(reason, depth),
                _ => {}
            }
        }
        if message.is_none() && error.is_none() {
            for key in ["reason", "description", "fieldViolations"] {
                if let Some(reason) = map.get(key).filter(|reason| !is_status_word(reason)) {
                    self.value(reason, depth);
                }
            }
        }
    }

    /// Codes, types and the other members that are not the message.
    fn note(&mut self, map: &Map<String, Value>) {
        let first = |keys: &[&str]| keys.iter().find_map(|key| self.word(map.get(*key)?));
        let base_code = map
            .get("status_code")
            .and_then(Value::as_u64)
            .filter(|code| *code >= 1000);
        let code = first(&["code", "Code", "error_code", "errorCode"]).or_else(|| Some(base_code?.to_string()));
        let own_type = first(&["type", "__type"]).filter(|word| word != "error" && !word.contains(':'));
        let shown_type = own_type.clone().or_else(|| first(&["error_type"]));
        let param = first(&["param"]);
        let status = ["code", "status", "status_code", "statusCode"].iter().find_map(|key| {
            let status = self.word(map.get(*key)?)?.parse::<StatusCode>().ok()?;
            (status.as_u16() >= 400).then_some(status)
        });
        // Google's statuses are words. Its details name the reason more closely.
        let google = ["status", "reason"].iter().find_map(|key| {
            let word = map.get(*key).filter(|word| is_status_word(word))?;
            self.word(word)
        });
        let by_number = base_code.and_then(by_base_code);
        let found = filtered(map, self.redactor);

        let reported = &mut self.reported;
        if reported.words.len() < 4 * ENTRIES {
            let words: Vec<_> = [code, own_type, google].into_iter().flatten().collect();
            reported.words.extend((!words.is_empty()).then_some(words));
        }
        reported.r#type = reported.r#type.take().or(shown_type);
        reported.param = reported.param.take().or(param);
        reported.status = reported.status.or(status);
        reported.by_number = reported.by_number.or(by_number);
        if reported.filtered.is_empty() {
            reported.filtered = found;
        }
    }

    fn word(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => {
                let word = self.redactor.snippet(without_echoes(text).as_bytes());
                Some(word).filter(|word| !word.is_empty())
            }
            Value::Number(number) if number.as_f64() != Some(0.0) => Some(number.to_string()),
            _ => None,
        }
    }

    /// `OpenRouter`'s: who failed, and what it said.
    fn metadata(&mut self, metadata: &Map<String, Value>, depth: u8) {
        if let Some(provider) = metadata.get("provider_name").and_then(|name| self.word(name)) {
            self.reported.provider.get_or_insert(provider);
        }
        for key in ["raw", "reasons", "error"] {
            if let Some(reason) = metadata.get(key).filter(|reason| says_something(reason)) {
                self.reason(reason, depth);
            }
        }
    }

    /// A value that holds a reason. One that is not understood is quoted.
    fn reason(&mut self, reason: &Value, depth: u8) {
        let sentences = self.sentences;
        self.value(reason, depth);
        // Of Google's many details only some are a reason.
        let is_of_google = reason.get(0).unwrap_or(reason).get("@type").is_some();
        if self.sentences == sentences && !reason.is_string() && !is_of_google {
            let quoted = quote_value(reason, self.redactor);
            self.say(&quoted, "");
        }
    }

    /// An entry of `detail` of `FastAPI`: what is wrong, and where. Its `input` is what the user wrote, and its type a word of pydantic's.
    fn entry(&mut self, place: &[Value], entry: &Map<String, Value>, depth: u8) {
        let place = place.iter().map(|part| match part {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        let place = place.collect::<Vec<_>>().join(".");
        match entry.get("msg").or_else(|| entry.get("message")) {
            Some(Value::String(said)) => {
                self.say(&without_echoes(&format!("{place}: {said}")), said);
            }
            Some(other) => self.value(other, depth),
            None => self.say(&quote_value(&Value::Object(entry.clone()), self.redactor), ""),
        }
    }

    /// Complaints by the field that they are about.
    fn fields(&mut self, fields: &Map<String, Value>, depth: u8) {
        for (name, said) in fields.iter().take(ENTRIES) {
            let said = said.get(0).unwrap_or(said);
            match said {
                Value::String(said) => {
                    self.say(&without_echoes(&format!("{name}: {said}")), said);
                    self.is_entry = true;
                }
                other => self.value(other, depth),
            }
        }
        self.is_entry = false;
    }

    fn list(&mut self, list: &[Value], depth: u8) {
        let before = self.is_entry;
        for item in list.iter().take(ENTRIES) {
            let length = self.reported.message.len();
            self.reason(item, depth);
            self.is_entry |= self.reported.message.len() > length;
        }
        let more = list.len().saturating_sub(ENTRIES);
        if more > 0 {
            self.say(&format!("and {more} more"), "");
        }
        self.is_entry = before;
    }

    /// A text may be JSON itself, or hold it: gateways repeat what they got.
    fn text(&mut self, text: &str, depth: u8) {
        let text = text.trim();
        let inner = text.find(['{', '[']).and_then(|at| {
            let (before, json) = text.split_at_checked(at)?;
            let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>();
            let value = values.next()?.ok()?;
            let holds_object = value.is_object() || value.get(0).is_some_and(Value::is_object);
            let after = json.get(values.byte_offset()..)?;
            holds_object.then_some((before, value, after))
        });
        let Some((before, value, after)) = inner else {
            return self.say(&without_echoes(text), text);
        };
        let before = before.trim().trim_end_matches(['-', ':', ' ']);
        if before != "data" {
            self.say(&without_echoes(before), before);
        }
        self.reason(&value, depth);
        let after = after.trim_matches([' ', '\n', '.', ',']);
        self.say(&without_echoes(after), after);
    }

    /// Adds a sentence. `whole` is searched for the kind.
    fn say(&mut self, sentence: &str, whole: &str) {
        let reported = &mut self.reported;
        let room = SEARCHED.saturating_sub(reported.searched.len());
        reported.searched.extend(whole.chars().take(room));
        reported.searched.push('\n');
        let sentence = self.redactor.snippet(sentence.as_bytes());
        self.sentences += usize::from(!sentence.is_empty());
        let message = &mut reported.message;
        // The reason often repeats what it is the reason of, or is repeated there.
        if sentence.is_empty() || message.contains(&sentence) || message.len() > LENGTH {
            return;
        }
        if !self.is_entry && sentence.starts_with(message.as_str()) {
            message.clear();
        }
        if !message.is_empty() {
            let ends = message.ends_with(['.', ':', '!', '?']);
            message.push_str(match (self.is_entry, ends) {
                (true, _) => "; ",
                (false, true) => " ",
                (false, false) => ": ",
            });
        }
        message.push_str(&sentence);
    }
}

fn is_failed_base(base: &Value) -> bool {
    base.get("status_code").is_none_or(says_something)
}

fn is_status_word(value: &Value) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    value
        .as_str()
        .is_some_and(|word| !word.is_empty() && word.bytes().all(is_part))
}

/// The categories that a filter reports as the reason, as in `violence (high)`.
fn filtered(error: &Map<String, Value>, redactor: &Redactor) -> Vec<String> {
    let inner = error.get("innererror").and_then(Value::as_object);
    let places = ["content_filter_result", "content_filter_results"];
    let found = [inner, Some(error)]
        .into_iter()
        .flatten()
        .find_map(|map| places.iter().find_map(|place| map.get(*place)?.as_object()));
    let refused = found
        .into_iter()
        .flatten()
        .filter(|(_, finding)| finding.get("filtered") == Some(&Value::Bool(true)));
    let shown = refused.map(|(category, finding)| {
        let category = redactor.snippet(category.as_bytes());
        match finding.get("severity").and_then(Value::as_str) {
            Some(severity) => format!("{category} ({})", redactor.snippet(severity.as_bytes())),
            None => category,
        }
    });
    shown.take(16).collect()
}
