//! The known facts about OpenAI's chat models, in one table: no server is asked.
//!
//! Sources, read in November 2026: the model profiles of langchain-openai 1.7.4, which come from <https://models.dev> (MIT licence), and the model list
//! of litellm 1.109.1. Where the two count differently, one of them counts the answer as well: `context` is with the answer, `input` without. They
//! disagree about the answer of `gpt-4` (here as models.dev has it) and the `chat-latest` models (here as litellm has them). A capability is listed here
//! if no source denies it. Log probabilities are claimed where `temperature` is, as OpenAI takes both or neither, and for no model
//! made for Codex.

/// A row of the table. All of these models can call tools.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    /// Tokens of a conversation with its answer.
    pub(super) context: u32,
    /// Tokens of a conversation alone.
    pub(super) input: u32,
    /// Tokens of an answer, thoughts included.
    pub(super) output: u32,
    pub(super) logprobs: bool,
    pub(super) images: bool,
    pub(super) structured: bool,
}

/// The row of a name in the table.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    let place = ROWS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    ROWS.get(place)
}

/// Name; tokens with the answer, without it, of the answer; what it can do: `l`og probabilities, `i`mages, answers of a `s`chema.
const fn of(name: &'static str, context: u32, input: u32, output: u32, can: &str) -> Row {
    Row {
        name,
        context,
        input,
        output,
        logprobs: has(can, b'l'),
        images: has(can, b'i'),
        structured: has(can, b's'),
    }
}

const fn has(can: &str, wanted: u8) -> bool {
    let mut rest = can.as_bytes();
    while let [first, others @ ..] = rest {
        if *first == wanted {
            return true;
        }
        rest = others;
    }
    false
}

/// By name, as a search halves it. A dated name that is not here is looked up without its date.
static ROWS: [Row; 50] = [
    of("gpt-3.5-turbo", 16_385, 16_385, 4_096, "l"),
    of("gpt-4", 8_192, 8_192, 8_192, "l"),
    of("gpt-4-turbo", 128_000, 128_000, 4_096, "li"),
    of("gpt-4.1", 1_047_576, 1_047_576, 32_768, "lis"),
    of("gpt-4.1-mini", 1_047_576, 1_047_576, 32_768, "lis"),
    of("gpt-4.1-nano", 1_047_576, 1_047_576, 32_768, "lis"),
    of("gpt-4o", 128_000, 128_000, 16_384, "lis"),
    of("gpt-4o-2024-05-13", 128_000, 128_000, 4_096, "li"),
    of("gpt-4o-mini", 128_000, 128_000, 16_384, "lis"),
    of("gpt-5", 400_000, 272_000, 128_000, "is"),
    of("gpt-5-chat-latest", 128_000, 128_000, 16_384, "lis"),
    of("gpt-5-codex", 400_000, 272_000, 128_000, "is"),
    of("gpt-5-mini", 400_000, 272_000, 128_000, "is"),
    of("gpt-5-nano", 400_000, 272_000, 128_000, "is"),
    of("gpt-5-pro", 400_000, 272_000, 272_000, "is"),
    of("gpt-5.1", 400_000, 272_000, 128_000, "lis"),
    of("gpt-5.1-chat-latest", 128_000, 128_000, 16_384, "lis"),
    of("gpt-5.1-codex", 400_000, 272_000, 128_000, "is"),
    of("gpt-5.1-codex-max", 400_000, 272_000, 128_000, "is"),
    of("gpt-5.1-codex-mini", 400_000, 272_000, 128_000, "is"),
    of("gpt-5.2", 400_000, 272_000, 128_000, "lis"),
    of("gpt-5.2-chat-latest", 128_000, 128_000, 16_384, "lis"),
    of("gpt-5.2-codex", 400_000, 272_000, 128_000, "is"),
    of("gpt-5.2-pro", 400_000, 272_000, 128_000, "i"),
    of("gpt-5.3-chat-latest", 128_000, 128_000, 16_384, "lis"),
    of("gpt-5.3-codex", 400_000, 272_000, 128_000, "is"),
    of("gpt-5.3-codex-spark", 128_000, 128_000, 32_000, "is"),
    of("gpt-5.4", 1_050_000, 1_050_000, 128_000, "lis"),
    of("gpt-5.4-mini", 400_000, 272_000, 128_000, "lis"),
    of("gpt-5.4-nano", 400_000, 272_000, 128_000, "lis"),
    of("gpt-5.4-pro", 1_050_000, 1_050_000, 128_000, "i"),
    of("gpt-5.5", 1_050_000, 1_050_000, 128_000, "is"),
    of("gpt-5.5-pro", 1_050_000, 1_050_000, 128_000, "i"),
    of("gpt-5.6", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-5.6-luna", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-5.6-sol", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-5.6-terra", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-6-astra", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-6-luna", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-6-sol", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-6.1-sol", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-6.1-terra", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-daybreak-blue-latest", 1_050_000, 922_000, 128_000, "is"),
    of("gpt-daybreak-red-latest", 400_000, 400_000, 128_000, "is"),
    of("o1", 200_000, 200_000, 100_000, "is"),
    of("o1-pro", 200_000, 200_000, 100_000, "is"),
    of("o3", 200_000, 200_000, 100_000, "is"),
    of("o3-mini", 200_000, 200_000, 100_000, "s"),
    of("o3-pro", 200_000, 200_000, 100_000, "is"),
    of("o4-mini", 200_000, 200_000, 100_000, "is"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_no_part_is_larger_than_the_whole() {
        assert!(ROWS.is_sorted_by(|one, next| one.name < next.name));
        for row in &ROWS {
            assert!(row.input <= row.context && row.output <= row.context, "{row:?}");
            assert!(row.input + row.output >= row.context, "{row:?}");
            assert!(row.output >= 4_096, "{row:?}");
        }
    }
}
