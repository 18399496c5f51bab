//! Lists of texts in an answer: comma-separated, numbered and Markdown's.

use super::reader::{Chunks, Reader, parser};
use crate::{AIMessageChunk, Result, impl_pipe};

/// Takes the items of a comma-separated answer, each as soon as it is complete.
///
/// An item in quotes may hold commas. A line end separates items too.
///
/// # Examples
///
/// ```
/// use cadena_core::CommaSeparatedListOutputParser;
///
/// assert_eq!(CommaSeparatedListOutputParser.parse("red, \"light, blue\"\ngreen")?, ["red", "light, blue", "green"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct CommaSeparatedListOutputParser;

/// Takes the items of a numbered answer, `1. one`, each as soon as its line is complete.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, NumberedListOutputParser, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | NumberedListOutputParser;
/// let items: Vec<_> = chain.stream("Items:\n1. one\n2. two").try_collect().await?;
/// assert_eq!(items, [["one"], ["two"]]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct NumberedListOutputParser;

/// Takes the items of a Markdown list, `- one`, each as soon as its line is complete.
///
/// # Examples
///
/// ```
/// use cadena_core::MarkdownListOutputParser;
///
/// assert_eq!(MarkdownListOutputParser.parse("Colours:\n- red\n* blue")?, ["red", "blue"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct MarkdownListOutputParser;

macro_rules! list_parser {
    ($type:ident, $reader:ty, $instructions:literal) => {
        parser!($type, Vec<String>, |_this| <$reader>::default(), Ok(Vec::new()));
        impl_pipe!($type);

        impl $type {
            /// Returns the instructions for a model, so that it answers in this form.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use cadena_core::", stringify!($type), ";")]
            ///
            #[doc = concat!("assert!(", stringify!($type), ".format_instructions().contains(\"list\"));")]
            /// ```
            #[must_use]
            pub fn format_instructions(&self) -> &'static str {
                $instructions
            }
        }

        impl Reader for $reader {
            type Output = Vec<String>;

            fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Vec<String>>) -> Result<()> {
                for c in chunk.content.into_text().chars() {
                    out.extend(self.read(c).map(|item| vec![item]));
                }
                Ok(())
            }

            fn finish(self, out: &mut Chunks<Vec<String>>) -> Result<()> {
                out.extend(self.end().map(|item| vec![item]));
                Ok(())
            }
        }
    };
}

list_parser!(
    CommaSeparatedListOutputParser,
    Commas,
    "Your response should be a list of comma separated values, eg: `foo, bar, baz` or `foo,bar,baz`"
);
list_parser!(
    NumberedListOutputParser,
    Numbers,
    "Your response should be a numbered list with each item on a new line. For example: \n\n1. foo\n\n2. bar\n\n3. baz"
);
list_parser!(
    MarkdownListOutputParser,
    Bullets,
    "Your response should be a markdown list, eg: `- foo\n- bar\n- baz`"
);

/// The values of a CSV text.
#[derive(Default)]
struct Commas {
    state: Comma,
    value: String,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Comma {
    #[default]
    Line,
    Start,
    Plain,
    Quoted,
    /// After a quote that may be the end.
    Quote,
}

impl Commas {
    fn read(&mut self, c: char) -> Option<String> {
        match (self.state, c) {
            (Comma::Quoted, '"') => self.state = Comma::Quote,
            (Comma::Quoted, c) => self.value.push(c),
            (Comma::Quote, '"') => {
                self.value.push('"');
                self.state = Comma::Quoted;
            }
            (_, ',') => {
                self.state = Comma::Start;
                return Some(std::mem::take(&mut self.value));
            }
            (Comma::Line, '\n' | '\r') => {}
            (_, '\n' | '\r') => {
                self.state = Comma::Line;
                return Some(std::mem::take(&mut self.value));
            }
            (Comma::Line | Comma::Start, ' ') => self.state = Comma::Start,
            (Comma::Line | Comma::Start, '"') => self.state = Comma::Quoted,
            (_, c) => {
                self.value.push(c);
                self.state = Comma::Plain;
            }
        }
        None
    }

    fn end(self) -> Option<String> {
        (self.state != Comma::Line).then_some(self.value)
    }
}

/// The text after a number, a dot and a blank, up to the end of the line.
#[derive(Default)]
struct Numbers {
    state: Number,
    item: String,
}

#[derive(Clone, Copy, Default)]
enum Number {
    #[default]
    Before,
    Digits,
    Dot,
    Item,
}

impl Numbers {
    fn read(&mut self, c: char) -> Option<String> {
        self.state = match (self.state, c) {
            (Number::Item, '\n') => {
                self.state = Number::Before;
                return Some(std::mem::take(&mut self.item)).filter(|item| !item.is_empty());
            }
            (Number::Item, c) => {
                self.item.push(c);
                Number::Item
            }
            (Number::Digits, '.') => Number::Dot,
            (Number::Dot, c) if c.is_whitespace() => Number::Item,
            (_, c) if c.is_ascii_digit() => Number::Digits,
            _ => Number::Before,
        };
        None
    }

    fn end(self) -> Option<String> {
        Some(self.item).filter(|item| !item.is_empty())
    }
}

/// The text after `-` or `*` and a blank at the beginning of a line.
#[derive(Default)]
struct Bullets {
    state: Bullet,
    item: String,
}

#[derive(Clone, Copy, Default)]
enum Bullet {
    #[default]
    Line,
    Mark,
    Item,
    Other,
}

impl Bullets {
    fn read(&mut self, c: char) -> Option<String> {
        self.state = match (self.state, c) {
            (Bullet::Item, '\n') => {
                self.state = Bullet::Line;
                return Some(std::mem::take(&mut self.item)).filter(|item| !item.is_empty());
            }
            (Bullet::Item, c) => {
                self.item.push(c);
                Bullet::Item
            }
            (Bullet::Mark, c) if c.is_whitespace() => Bullet::Item,
            (Bullet::Line, '-' | '*') => Bullet::Mark,
            (Bullet::Line, c) if c.is_whitespace() => Bullet::Line,
            (_, '\n') => Bullet::Line,
            _ => Bullet::Other,
        };
        None
    }

    fn end(self) -> Option<String> {
        Some(self.item).filter(|item| !item.is_empty())
    }
}
