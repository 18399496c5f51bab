//! How many tokens a text has: exactly with the feature `tiktoken`, else from above.

#[cfg(feature = "tiktoken")]
use cadena_core::TiktokenCounter;

/// Counts the tokens of texts for one model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tokens {
    /// By the vocabulary of the model.
    #[cfg(feature = "tiktoken")]
    Exact(TiktokenCounter),
    /// By the kinds of bytes, so that ordinary text is never counted too short.
    Estimated,
}

impl Tokens {
    /// The best that is known about a model.
    pub(crate) fn of(model: &str) -> Self {
        #[cfg(feature = "tiktoken")]
        if let Ok(counter) = TiktokenCounter::for_model(model) {
            return Self::Exact(counter);
        }
        let _ = model;
        Self::Estimated
    }

    pub(crate) fn count(self, text: &str) -> usize {
        match self {
            #[cfg(feature = "tiktoken")]
            Self::Exact(counter) => counter.count_text(text),
            Self::Estimated => estimate(text),
        }
    }
}

/// Three letters or spaces are a token, two bytes of other scripts, and each digit or sign: more than ordinary text has.
fn estimate(text: &str) -> usize {
    let sixths: usize = text
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b' ' => 2,
            0x80.. => 3,
            _ => 6,
        })
        .sum();
    sixths.div_ceil(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_grows_with_the_text() {
        assert_eq!(
            [estimate(""), estimate("abc"), estimate("é"), estimate("1,")],
            [0, 1, 1, 2]
        );
    }

    #[cfg(feature = "tiktoken")]
    #[test]
    fn an_estimate_is_not_below_what_ordinary_text_has() {
        let exact = Tokens::of("text-embedding-3-small");
        assert!(matches!(exact, Tokens::Exact(_)));
        for text in [
            "The quick brown fox jumps over the lazy dog.",
            "2024-10-21T10:00:00Z",
            "今日はいい天気ですね",
            "Die Donaudampfschifffahrtsgesellschaft fährt über den Fluß.",
            "fn main() { let x = vec![1, 2, 3]; println!(\"{x:?}\"); }",
            "Все счастливые семьи похожи друг на друга",
        ] {
            assert!(
                estimate(text) >= exact.count(text),
                "{text}: {} tokens",
                exact.count(text)
            );
        }
    }
}
