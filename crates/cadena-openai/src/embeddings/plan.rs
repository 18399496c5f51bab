//! How texts become requests: long ones cut into pieces, pieces gathered until a request is full.

use std::ops::Range;

use cadena_core::{Error, ErrorKind, Result};

use crate::tokens::Tokens;

/// A piece without a space in it, such as a long line of Chinese, is cut after so many bytes.
const UNIT: usize = 48;

/// The limits of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Tokens of one text; `None` leaves texts as they are.
    pub(super) text_tokens: Option<usize>,
    /// Texts of one request.
    pub(super) texts: usize,
    /// Tokens of one request.
    pub(super) tokens: usize,
}

/// A text, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece<'a> {
    /// Which text it is of.
    pub(super) text: usize,
    pub(super) part: &'a str,
    pub(super) tokens: usize,
}

/// Cuts texts into pieces that the model takes, in their order. Joined again, the pieces of a text are the text.
pub(super) fn pieces<'a>(texts: &'a [impl AsRef<str>], limits: Limits, tokens: Tokens) -> Result<Vec<Piece<'a>>> {
    let mut pieces = Vec::with_capacity(texts.len());
    for (text, whole) in texts.iter().map(AsRef::as_ref).enumerate() {
        if whole.is_empty() {
            let detail = format!("the text {text} (from 0) is empty, which no model embeds");
            return Err(Error::new(ErrorKind::InvalidInput, detail).with_hint("leave out empty texts"));
        }
        let mut add = |part: &'a str, tokens| pieces.push(Piece { text, part, tokens });
        let Some(limit) = limits.text_tokens else {
            add(whole, tokens.count(whole));
            continue;
        };
        // A token is one byte at least, so most texts need no cut.
        let all = tokens.count(whole);
        if all <= limit {
            add(whole, all);
            continue;
        }
        let mut rest: &str = whole;
        while !rest.is_empty() {
            let (part, more) = rest.split_at(fitting(rest, limit, tokens));
            add(part, tokens.count(part));
            rest = more;
        }
    }
    Ok(pieces)
}

/// How many bytes of a text have at most `limit` tokens: whole words if possible, one character at least.
fn fitting(text: &str, limit: usize, tokens: Tokens) -> usize {
    let (mut end, mut sum) = (0, 0);
    while let Some(rest) = text.get(end..).filter(|rest| !rest.is_empty()) {
        let unit = unit(rest);
        sum += rest.get(..unit).map_or(0, |unit| tokens.count(unit));
        if sum > limit && end > 0 {
            break;
        }
        end += unit;
        if sum > limit {
            break;
        }
    }
    // Words between spaces have as many tokens alone as together. Where they do not, the piece is counted.
    while text.get(..end).is_some_and(|part| tokens.count(part) > limit) {
        let half = border(text, end / 2);
        if half >= end {
            break;
        }
        end = half;
    }
    end
}

/// The bytes up to the next space after a word, so that a space stays with the word that follows it.
fn unit(text: &str) -> usize {
    let mut word = false;
    for (place, letter) in text.char_indices() {
        let space = letter.is_whitespace();
        if (space && word) || (place >= UNIT) {
            return place;
        }
        word |= !space;
    }
    text.len()
}

/// The last border of a character at or before a place, but after the first character.
fn border(text: &str, place: usize) -> usize {
    let before = (1..=place).rev().find(|place| text.is_char_boundary(*place));
    before.unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

/// Gathers pieces into requests, each within its limits; a piece that is too large becomes one request.
pub(super) fn requests(pieces: &[Piece<'_>], limits: Limits) -> Vec<Range<usize>> {
    let mut requests = Vec::new();
    let (mut start, mut tokens) = (0, 0_usize);
    for (place, piece) in pieces.iter().enumerate() {
        let full = place - start >= limits.texts.max(1) || tokens.saturating_add(piece.tokens) > limits.tokens;
        if full && place > start {
            requests.push(start..place);
            (start, tokens) = (place, 0);
        }
        tokens = tokens.saturating_add(piece.tokens);
    }
    if start < pieces.len() {
        requests.push(start..pieces.len());
    }
    requests
}

/// The vectors of texts from the vectors of their pieces: a text of one piece has its vector unchanged, a text of more the mean of theirs,
/// each as heavy as its tokens, with length 1.
pub(super) fn join(pieces: &[Piece<'_>], vectors: Vec<Vec<f32>>, texts: usize) -> Vec<Vec<f32>> {
    let mut joined = Vec::with_capacity(texts);
    let mut vectors = vectors.into_iter();
    for group in pieces.chunk_by(|one, next| one.text == next.text) {
        let parts: Vec<Vec<f32>> = vectors.by_ref().take(group.len()).collect();
        match <[Vec<f32>; 1]>::try_from(parts) {
            Ok([vector]) => joined.push(vector),
            Err(parts) => joined.push(mean(group, &parts)),
        }
    }
    joined
}

fn mean(pieces: &[Piece<'_>], vectors: &[Vec<f32>]) -> Vec<f32> {
    let length = vectors.iter().map(Vec::len).max().unwrap_or(0);
    let mut sum = vec![0.0_f64; length];
    for (piece, vector) in pieces.iter().zip(vectors) {
        for (sum, number) in sum.iter_mut().zip(vector) {
            *sum += f64::from(*number) * piece.tokens as f64;
        }
    }
    // The division by all tokens is part of the division by the length.
    let norm = sum.iter().map(|number| number * number).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm } else { 1.0 };
    sum.into_iter().map(|number| (number / scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost_and_every_request_keeps_its_limits(
            texts in prop::collection::vec("(\\PC|[ \n]){1,80}", 0..8), limit in 1_usize..12, count in 1_usize..5,
        ) {
            let limits = Limits { text_tokens: Some(limit), texts: count, tokens: 15 };
            let pieces = pieces(&texts, limits, Tokens::Estimated).unwrap();
            for (number, text) in texts.iter().enumerate() {
                let parts = pieces.iter().filter(|piece| piece.text == number);
                prop_assert_eq!(&parts.map(|piece| piece.part).collect::<String>(), text);
            }
            for piece in &pieces {
                prop_assert!(piece.tokens <= limit || piece.part.chars().count() == 1, "{:?}", piece);
            }
            let requests = requests(&pieces, limits);
            prop_assert_eq!(requests.iter().cloned().flatten().collect::<Vec<_>>(), (0..pieces.len()).collect::<Vec<_>>());
            for request in requests {
                let held = &pieces[request];
                let tokens: usize = held.iter().map(|piece| piece.tokens).sum();
                prop_assert!(held.len() <= count && (tokens <= 15 || held.len() == 1));
            }
        }
    }

    const LIMITS: Limits = Limits {
        text_tokens: Some(10),
        texts: 3,
        tokens: 25,
    };

    fn piece(text: usize, tokens: usize) -> Piece<'static> {
        Piece {
            text,
            part: "x",
            tokens,
        }
    }

    #[test]
    fn a_long_text_is_cut_between_words_and_nothing_is_lost() {
        let text = "some words that are more than ten tokens, 今日はいい天気ですね and yet more of them".to_owned();
        let texts = ["short".to_owned(), text.clone()];
        let pieces = pieces(&texts, LIMITS, Tokens::Estimated).unwrap();
        assert_eq!(pieces[0].part, "short");
        let joined: String = pieces[1..].iter().map(|piece| piece.part).collect();
        assert_eq!(joined, text);
        assert!(
            pieces.len() > 4 && pieces.iter().all(|piece| piece.tokens <= 10),
            "{pieces:?}"
        );
        assert_eq!(pieces[1].part, "some words that are more");
    }

    #[test]
    fn a_text_without_a_space_is_cut_all_the_same() {
        let texts = ["あ".repeat(100), "x".repeat(500)];
        let pieces = pieces(&texts, LIMITS, Tokens::Estimated).unwrap();
        assert!(pieces.iter().all(|piece| piece.tokens <= 10));
        let one = Limits {
            text_tokens: Some(1),
            ..LIMITS
        };
        let texts = ["あ😀!".to_owned()];
        let pieces = super::pieces(&texts, one, Tokens::Estimated).unwrap();
        assert_eq!(pieces.len(), 3, "one character is cut no further: {pieces:?}");
    }

    #[test]
    fn a_request_is_full_by_number_or_by_tokens() {
        let full = [
            piece(0, 1),
            piece(1, 1),
            piece(2, 1),
            piece(3, 20),
            piece(4, 6),
            piece(5, 90),
            piece(6, 1),
        ];
        assert_eq!(requests(&full, LIMITS), [0..3, 3..4, 4..5, 5..6, 6..7]);
        assert!(requests(&[], LIMITS).is_empty());
    }

    #[test]
    fn pieces_weigh_what_they_have_in_tokens_and_a_single_one_stays() {
        let pieces = [piece(0, 4), piece(1, 3), piece(1, 1)];
        let vectors = vec![vec![3.0, 4.0], vec![1.0, 0.0], vec![0.0, 1.0]];
        let joined = join(&pieces, vectors, 2);
        assert_eq!(joined[0], [3.0, 4.0]);
        let root = 10_f32.sqrt();
        assert!((joined[1][0] - 3.0 / root).abs() < 1e-6 && (joined[1][1] - 1.0 / root).abs() < 1e-6);
    }
}
