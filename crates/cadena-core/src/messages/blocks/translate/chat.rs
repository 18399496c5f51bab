//! OpenAI's Chat Completions: content of programs, and answers of models.

use serde_json::Value;

use super::{Block, Calls, call_block, object, piece_block, text, text_block, with_id, without};
use crate::messages::blocks::ids::Ids;

/// Returns the blocks of a model's message whose content is text.
pub(in crate::messages::blocks) fn spoken(content: &str, calls: &Calls<'_>) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !content.is_empty() {
        blocks.push(text_block(content));
    }
    match calls {
        Calls::Whole { valid, .. } => blocks.extend(valid.iter().map(call_block)),
        Calls::Pieces(pieces) => blocks.extend(pieces.iter().map(piece_block)),
    }
    blocks
}

pub(super) fn translate(block: Block, ids: &mut Ids<'_>) -> Result<Block, Block> {
    match text(&block, "type") {
        Some("image_url") => image(&block, ids),
        Some("input_audio") => audio(&block, ids),
        Some("file") => file(&block, ids),
        _ => None,
    }
    .ok_or(block)
}

fn inner<'a>(block: &'a Block, key: &str) -> Option<&'a Block> {
    block.get(key)?.as_object()
}

fn filled<'a>(block: &'a Block, key: &str) -> Option<&'a str> {
    text(block, key).filter(|text| !text.is_empty())
}

fn image(block: &Block, ids: &mut Ids<'_>) -> Option<Block> {
    if block
        .keys()
        .any(|key| !matches!(key.as_str(), "type" | "image_url" | "detail"))
    {
        return None;
    }
    let image = inner(block, "image_url")?;
    let url = filled(image, "url")?;
    let mut extras = without(block, &["type", "image_url"]);
    extras.extend(renamed(image, "image_url", &["url"]));
    let out = match DataUri::parse(url) {
        Some(uri) => uri.block("image"),
        None => object([("type", "image".into()), ("url", url.into())]),
    };
    Some(with_id(out, extras, ids))
}

fn audio(block: &Block, ids: &mut Ids<'_>) -> Option<Block> {
    let audio = inner(block, "input_audio")?;
    let (data, format) = (filled(audio, "data")?, text(audio, "format")?);
    let mut extras = without(block, &["type", "input_audio"]);
    extras.extend(renamed(audio, "audio", &["data", "format"]));
    let mime_type = format!("audio/{format}");
    let out = object([
        ("type", "audio".into()),
        ("base64", data.into()),
        ("mime_type", mime_type.into()),
    ]);
    Some(with_id(out, extras, ids))
}

fn file(block: &Block, ids: &mut Ids<'_>) -> Option<Block> {
    let file = inner(block, "file")?;
    let mut extras = without(block, &["type", "file"]);
    if let Some(file_id) = filled(file, "file_id") {
        extras.extend(renamed(file, "file", &["file_id"]));
        let out = object([("type", "file".into()), ("file_id", file_id.into())]);
        return Some(with_id(out, extras, ids));
    }
    let uri = DataUri::parse(text(file, "file_data")?)?;
    extras.extend(renamed(file, "file", &["file_data", "filename"]));
    if let Some(name) = file.get("filename") {
        extras.insert("filename".to_owned(), name.clone());
    }
    Some(with_id(uri.block("file"), extras, ids))
}

/// Returns the entries of an inner object with its name before each key; `detail` is standard without the name.
fn renamed(inner: &Block, name: &str, known: &[&str]) -> Block {
    let rename = |(key, value): (String, Value)| match key.as_str() {
        "detail" if name == "image_url" => (key, value),
        _ => (format!("{name}_{key}"), value),
    };
    without(inner, known).into_iter().map(rename).collect()
}

/// A URL with data: `data:<mime type>;base64,<data>`.
struct DataUri<'a> {
    mime_type: &'a str,
    data: &'a str,
}

impl<'a> DataUri<'a> {
    fn parse(uri: &'a str) -> Option<Self> {
        let (mime_type, rest) = uri.strip_prefix("data:")?.split_once(';')?;
        let data = rest.strip_prefix("base64,")?;
        let data = data.strip_suffix('\n').unwrap_or(data);
        let fits = !mime_type.is_empty() && !data.is_empty() && !data.contains('\n');
        fits.then_some(Self { mime_type, data })
    }

    fn block(&self, kind: &str) -> Block {
        object([
            ("type", kind.into()),
            ("base64", self.data.into()),
            ("mime_type", self.mime_type.into()),
        ])
    }
}
