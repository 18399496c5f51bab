//! How many tokens an image is, by the formulas that OpenAI publishes.
//!
//! Source: the section on costs of OpenAI's guide to images and vision, as two mirrors of it had it in autumn 2025. Models that it does not name
//! have no count here, nor have `gpt-5-mini` and `gpt-5-nano`, whose bills were seen to be a third below the published numbers.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cadena_core::{Error, ErrorKind, Result};

/// The most patches that an image is cut into.
const PATCHES: f64 = 1536.0;

/// How a model counts.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// So many for the whole, and so many for each tile of 512 pixels of the image, which is first made smaller than 2048 × 2048, and than 768 on its
    /// shorter side.
    Tiles(usize, usize),
    /// So many for each patch of 32 pixels, of which there are at most 1536.
    Patches(f64),
}

/// The rule of a model, by its name without a date.
fn rule(model: &str) -> Option<Rule> {
    Some(match model {
        "gpt-4o" | "gpt-4.1" | "gpt-4.5-preview" | "gpt-4-turbo" => Rule::Tiles(85, 170),
        "gpt-4o-mini" => Rule::Tiles(2833, 5667),
        "gpt-5" | "gpt-5-chat-latest" => Rule::Tiles(70, 140),
        "o1" | "o1-pro" | "o3" => Rule::Tiles(75, 150),
        "computer-use-preview" => Rule::Tiles(65, 129),
        "gpt-4.1-mini" => Rule::Patches(1.62),
        "gpt-4.1-nano" => Rule::Patches(2.46),
        "o4-mini" => Rule::Patches(1.72),
        _ => return None,
    })
}

/// The tokens of an image at a URL. `detail` is what was asked for; without it, or with `auto`, the image counts as `high`.
pub(super) fn tokens(model: &str, url: &str, detail: Option<&str>) -> Result<usize> {
    let unsupported = |detail: String| Error::new(ErrorKind::Unsupported, detail);
    let rule = rule(model).ok_or_else(|| unsupported(format!("how `{model}` counts images is not known")))?;
    match (rule, detail) {
        (Rule::Tiles(whole, _), Some("low")) => Ok(whole),
        (_, None | Some("auto" | "high")) => {
            let (width, height) = size_at(url)?;
            Ok(count(rule, width, height))
        }
        (_, Some(other)) => Err(unsupported(format!(
            "how `{model}` counts an image of the detail `{other}` is not known"
        ))),
    }
}

fn count(rule: Rule, width: u32, height: u32) -> usize {
    let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
    match rule {
        Rule::Tiles(whole, tile) => {
            let smaller = |side: f64, most: f64| (most / side).min(1.0);
            let fit = smaller(width.max(height), 2048.0);
            let (width, height) = (width * fit, height * fit);
            let fit = smaller(width.min(height), 768.0);
            // Bills show that sides are rounded before tiles are counted.
            let tiles = |side: f64| ((side * fit).round() / 512.0).ceil().max(1.0);
            whole + tile * (tiles(width) * tiles(height)) as usize
        }
        Rule::Patches(each) => {
            let patches = |side: f64| (side / 32.0).ceil();
            let mut all = patches(width) * patches(height);
            if all > PATCHES {
                let fit = (32.0 * 32.0 * PATCHES / (width * height)).sqrt();
                let (wide, high) = (width * fit / 32.0, height * fit / 32.0);
                // So narrow an image the formula was not made for: it counts as the largest.
                if wide < 1.0 || high < 1.0 {
                    return (PATCHES * each).ceil() as usize;
                }
                // Whole patches on one side; the other follows.
                let fit = (wide.floor() / wide).min(high.floor() / high);
                // A number that is whole but for its last digits is taken as whole.
                let whole = |side: f64| (side * fit - 1e-9).ceil().max(1.0);
                all = (whole(wide) * whole(high)).min(PATCHES);
            }
            (all * each).ceil() as usize
        }
    }
}

/// Width and height of an image in a `data:` URL.
fn size_at(url: &str) -> Result<(u32, u32)> {
    let Some(data) = url.strip_prefix("data:") else {
        let detail = "the size of an image at an address is not known without fetching it";
        return Err(Error::new(ErrorKind::Unsupported, detail)
            .with_hint("send its bytes as a `data:` URL, or ask for the detail `low`"));
    };
    let bytes = data
        .split_once(";base64,")
        .and_then(|(_, text)| BASE64_STANDARD.decode(text.trim()).ok());
    let bytes =
        bytes.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "the `data:` URL of an image is not base64"))?;
    size(&bytes).ok_or_else(|| {
        let detail = "the image is no PNG, JPEG, GIF or WebP, or its head is damaged";
        Error::new(ErrorKind::InvalidInput, detail)
    })
}

/// Width and height, from the head of a file.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let big = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let little = |at: usize| Some(u32::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)));
    let three = |at: usize| {
        let [low, middle, high] = *bytes.get(at..)?.first_chunk()?;
        Some(u32::from_le_bytes([low, middle, high, 0]))
    };
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some((big(16)?, big(20)?)),
        [b'G', b'I', b'F', b'8', ..] => Some((little(6)?, little(8)?)),
        [0xff, 0xd8, rest @ ..] => jpeg(rest),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', form @ ..] => match form {
            // The size of the canvas, less one.
            [b'V', b'P', b'8', b'X', ..] => Some((three(24)? + 1, three(27)? + 1)),
            [b'V', b'P', b'8', b'L', ..] => {
                let packed = u32::from_le_bytes(*bytes.get(21..)?.first_chunk()?);
                Some(((packed & 0x3fff) + 1, (packed >> 14 & 0x3fff) + 1))
            }
            // The upper two bits scale the picture for the screen.
            [b'V', b'P', b'8', b' ', ..] => Some((little(26)? & 0x3fff, little(28)? & 0x3fff)),
            _ => None,
        },
        _ => None,
    }
    .filter(|(width, height)| *width > 0 && *height > 0)
}

/// Walks over the segments of a JPEG to the one that begins a frame.
fn jpeg(mut rest: &[u8]) -> Option<(u32, u32)> {
    loop {
        let [0xff, marker, behind @ ..] = rest else { return None };
        match marker {
            // Filling, and markers without a length.
            0xff => rest = rest.get(1..)?,
            0x01 | 0xd0..=0xd7 => rest = behind,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let [_, _, _, high, height, wide, width, ..] = behind else {
                    return None;
                };
                let pair = |high: &u8, low: &u8| u32::from(u16::from_be_bytes([*high, *low]));
                return Some((pair(wide, width), pair(high, height)));
            }
            _ => {
                let length = usize::from(u16::from_be_bytes(*behind.first_chunk()?));
                // A length counts its own two bytes.
                rest = behind.get(length.max(2)..)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, size: (u32, u32), tokens: usize) {
        assert_eq!(count(rule(model).unwrap(), size.0, size.1), tokens, "{model} {size:?}");
    }

    #[test]
    fn the_examples_of_the_guide_come_out() {
        check("gpt-4o", (1024, 1024), 765);
        check("gpt-4o", (2048, 4096), 1105);
        check("gpt-4o", (1, 1), 255);
        check("o4-mini", (32, 32), 2);
        check("gpt-4.1-mini", (1024, 1024), 1659); // 1024 patches
        check("gpt-4.1-nano", (1800, 2400), 3572); // 1452 patches
        check("gpt-4.1-mini", (10, 100_000), 2489); // as many as there can be
        assert_eq!(tokens("gpt-4o", "https://x/y.png", Some("low")).unwrap(), 85);
    }

    #[test]
    fn bills_that_were_seen_come_out() {
        check("gpt-4.1", (2049, 513), 1445);
        check("gpt-4.1", (2050, 513), 765);
        check("gpt-4o-mini", (512, 512), 2833 + 5667);
    }

    #[test]
    fn no_size_is_too_strange() {
        for side in [1, 31, 33, 100, 767, 4097, u32::MAX] {
            for other in [1, 513, 90_000, u32::MAX] {
                for model in ["gpt-5", "gpt-4.1-nano"] {
                    let tokens = count(rule(model).unwrap(), side, other);
                    assert!((3..=4_000).contains(&tokens), "{model} {side} {other} {tokens}");
                }
            }
        }
    }

    #[test]
    fn the_head_of_each_form_tells_the_size() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x01\0";
        let gif = b"GIF89a\0\x02\0\x01";
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc2\0\x0b\x08\x01\0\x02\0\x03";
        let webp = |form: &[u8], rest: &[u8]| [b"RIFF\0\0\0\0WEBP", form, b"\0\0\0\0", rest].concat();
        let extended = webp(b"VP8X", b"\0\0\0\0\xff\x01\0\xff\0\0");
        let lossless = webp(b"VP8L", b"\x2f\xff\xc1\x3f\0");
        let lossy = webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a\0\x02\0\x41");
        for (form, bytes) in [
            ("png", png.as_slice()),
            ("gif", gif),
            ("jpeg", jpeg),
            ("extended", &extended),
            ("lossless", &lossless),
            ("lossy", &lossy),
        ] {
            assert_eq!(size(bytes), Some((512, 256)), "{form}");
            for end in 0..bytes.len() {
                let _ = size(&bytes[..end]);
            }
        }
        assert_eq!(size(b"GIF89a\0\0\0\0"), None);
        assert_eq!(size(b"%PDF-1.7"), None);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (model, url, detail, kind, words) in [
            ("gpt-6-sol", "data:,", None, ErrorKind::Unsupported, "`gpt-6-sol`"),
            (
                "gpt-4o",
                "https://x/y.png",
                None,
                ErrorKind::Unsupported,
                "without fetching it",
            ),
            (
                "gpt-4o",
                "data:image/png;base64,aGk=",
                None,
                ErrorKind::InvalidInput,
                "no PNG",
            ),
            (
                "gpt-4o",
                "data:image/png;base64,*",
                None,
                ErrorKind::InvalidInput,
                "not base64",
            ),
            (
                "gpt-4o",
                "data:,",
                Some("original"),
                ErrorKind::Unsupported,
                "`original`",
            ),
            ("o4-mini", "data:,", Some("low"), ErrorKind::Unsupported, "`low`"),
        ] {
            let error = tokens(model, url, detail).unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
