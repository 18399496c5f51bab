//! Anthropic's blocks: documents and images of programs, and answers of the models.

mod answer;
pub(in crate::messages::blocks) use answer::spoken;
mod citation;

use super::{Block, add_extras, object, text, without};
use crate::messages::blocks::ids::Ids;

pub(super) fn translate(block: Block, _: &mut Ids<'_>) -> Result<Block, Block> {
    let kind = match text(&block, "type") {
        Some("document") => "file",
        Some("image") => "image",
        _ => return Err(block),
    };
    let translated = source(&block, kind).map(|mut out| {
        add_extras(&mut out, without(&block, &["type", "source"]));
        out
    });
    translated.ok_or(block)
}

fn source(block: &Block, kind: &str) -> Option<Block> {
    let source = block.get("source")?.as_object()?;
    let value = |key: &str| source.get(key).cloned();
    Some(match text(source, "type")? {
        "base64" => object([
            ("type", kind.into()),
            ("base64", value("data")?),
            ("mime_type", value("media_type")?),
        ]),
        "url" => object([("type", kind.into()), ("url", value("url")?)]),
        "file" => object([("type", kind.into()), ("id", value("file_id")?)]),
        "text" if kind == "file" => {
            let mime_type = block.get("media_type").cloned().unwrap_or_else(|| "text/plain".into());
            object([
                ("type", "text-plain".into()),
                ("text", value("data")?),
                ("mime_type", mime_type),
            ])
        }
        _ => return None,
    })
}
