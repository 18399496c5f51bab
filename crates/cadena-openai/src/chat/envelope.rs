//! The members around the choices of an event: servers repeat them in every event of an answer, and they are read once.

use serde::{Deserialize, Deserializer};

use crate::wire::{ChatCompletion, Choice, Lenient};

/// How often the members around the choices are learnt. Events of a server that changes them all the time are parsed whole.
const LESSONS: u8 = 8;

const CHOICES: &[u8] = b"\"choices\":";

/// The beginning of noise by which OpenAI hides how long a token is. It is another one in every event.
const NOISE: &[u8] = b",\"obfuscation\":\"";

/// Reads events of one answer, without reading again what the event before had in front of its choices, byte for byte: id, model, time of
/// creation and fingerprint are two thirds of an event without log probabilities.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// From the brace to the colon after `"choices"`. Empty until it is known.
    head: Vec<u8>,
    /// The members after the choices of the same event, none of which must be seen again.
    tail: Tail,
    /// The members after the choices, as an object.
    members: Vec<u8>,
    lessons: u8,
}

/// The value of `choices`.
struct Choices<'a>(Option<Vec<Choice<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Choices<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut choices = None;
        choices.read(deserializer)?;
        Ok(Self(choices))
    }
}

impl Envelope {
    /// Reads an event. The members that it repeats of the event before are missing in the result.
    pub(super) fn read<'a>(&mut self, data: &'a [u8]) -> serde_json::Result<ChatCompletion<'a>> {
        if let Some(answer) = self.read_news(data) {
            return Ok(answer);
        }
        let answer: ChatCompletion<'_> = serde_json::from_slice(data)?;
        // This event may have replaced the members that were known.
        self.head.clear();
        if answer.choices.as_ref().is_some_and(|choices| !choices.is_empty()) && self.lessons < LESSONS {
            self.lessons += 1;
            self.learn(data);
        }
        Ok(answer)
    }

    /// Reads the choices and the new members after them. `None` if the event has to be read whole.
    fn read_news<'a>(&mut self, data: &'a [u8]) -> Option<ChatCompletion<'a>> {
        if self.head.is_empty() {
            return None;
        }
        let news = data.strip_prefix(self.head.as_slice())?;
        // Checked once: a JSON reader of bytes would check text by text.
        let mut values = serde_json::Deserializer::from_str(std::str::from_utf8(news).ok()?).into_iter::<Choices<'_>>();
        let choices = values.next()?.ok()?.0;
        let tail = news.get(values.byte_offset()..)?;
        let choices = Some(choices?);
        if self.tail.is_in(tail) {
            return Some(ChatCompletion {
                choices,
                ..ChatCompletion::default()
            });
        }
        self.members.clear();
        self.members.push(b'{');
        self.members.extend_from_slice(tail.strip_prefix(b",")?);
        let behind: ChatCompletion<'_> = serde_json::from_slice(&self.members).ok()?;
        if behind.choices.is_some() {
            return None;
        }
        let behind = behind.into_rest();
        // The next event may repeat this one, or repeat the members that this one has replaced.
        match counts(&behind) {
            false => self.tail = Tail::new(tail),
            true => self.head.clear(),
        }
        Some(ChatCompletion { choices, ..behind })
    }

    /// Remembers the members around the choices of an event that has been read and has some.
    fn learn(&mut self, data: &[u8]) {
        if let Some((head, tail)) = around_choices(data) {
            self.head.extend_from_slice(head);
            self.tail = Tail::new(tail);
        }
    }
}

/// The text after the choices, with room for noise.
#[derive(Debug, Default)]
struct Tail {
    /// Up to the noise, or all of it.
    front: Vec<u8>,
    /// From the end of the noise.
    back: Vec<u8>,
}

impl Tail {
    fn new(tail: &[u8]) -> Self {
        let noise = memchr::memmem::find(tail, NOISE).map(|at| at + NOISE.len());
        let (front, rest) = tail
            .split_at_checked(noise.unwrap_or(tail.len()))
            .unwrap_or((tail, b""));
        let end = memchr::memchr(b'"', rest).unwrap_or(0);
        Self {
            front: front.to_vec(),
            back: rest.get(end..).unwrap_or_default().to_vec(),
        }
    }

    /// Whether another tail is the same but for its noise.
    fn is_in(&self, tail: &[u8]) -> bool {
        let rest = tail.strip_prefix(self.front.as_slice());
        let noise = rest.and_then(|rest| rest.strip_suffix(self.back.as_slice()));
        noise.is_some_and(|noise| match self.back.is_empty() {
            true => noise.is_empty(),
            // A text that ends where it seems to end.
            false => memchr::memchr2(b'"', b'\\', noise).is_none(),
        })
    }
}

/// The text before the choices and the text after them. `None` if the first `"choices":` is not the member of the event itself, or if
/// a member after them counts.
fn around_choices(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = memchr::memmem::find(data, CHOICES)? + CHOICES.len();
    let (head, rest) = data.split_at_checked(start)?;
    let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    let tail = rest.get(values.byte_offset()..)?;
    // With other choices in their place it must be an event that has these: then the place is the right one.
    let probe = [head, b"[]", tail].concat();
    let answer: ChatCompletion<'_> = serde_json::from_slice(&probe).ok()?;
    let counts = counts(&answer);
    (answer.choices.is_some_and(|choices| choices.is_empty()) && !counts).then_some((head, tail))
}

/// Whether a member beside the choices must be seen each time, as it is more than a last value.
fn counts(answer: &ChatCompletion<'_>) -> bool {
    answer.usage.is_some()
        || answer.error.is_some()
        || answer.prompt_filter_results.is_some()
        || answer.completion_probabilities.is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::convert::{Head, Kept};

    const FIRST: &str =
        r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null,"obfuscation":"x1"}"#;

    #[track_caller]
    fn read<'a>(envelope: &mut Envelope, event: &'a str) -> ChatCompletion<'a> {
        envelope.read(event.as_bytes()).unwrap()
    }

    #[test]
    fn what_an_event_repeats_is_not_read_again() {
        let mut envelope = Envelope::default();
        assert_eq!(read(&mut envelope, FIRST).id.known(), Some("c1"));
        let second = FIRST.replace("x1", "y2");
        let answer = read(&mut envelope, &second);
        assert_eq!(answer.id.known(), None);
        assert_eq!(answer.choices.map(|choices| choices.len()), Some(1));
    }

    #[test]
    fn what_is_new_behind_the_choices_is_read() {
        let mut envelope = Envelope::default();
        read(&mut envelope, FIRST);
        let last = r#"{"id":"c1","model":"m","choices":[],"usage":{"total_tokens":3},"service_tier":"flex"}"#;
        let answer = read(&mut envelope, last);
        assert!(answer.usage.is_some() && answer.choices.is_some());
        assert_eq!(answer.service_tier.known(), Some("flex"));
    }

    #[test]
    fn a_count_that_does_not_change_is_read_each_time() {
        let counts = FIRST.replace("null", r#"{"total_tokens":3}"#);
        let mut envelope = Envelope::default();
        for _ in 0..3 {
            assert!(read(&mut envelope, &counts).usage.is_some());
        }
    }

    #[test]
    fn choices_inside_another_member_are_not_taken_for_those_of_the_event() {
        let nested = r#"{"meta":{"choices":[{"index":7}]},"choices":[{"index":0}]}"#;
        let mut envelope = Envelope::default();
        for _ in 0..2 {
            let choices = read(&mut envelope, nested).choices.unwrap();
            assert_eq!(choices.iter().map(|choice| choice.index).collect::<Vec<_>>(), [Some(0)]);
        }
    }

    #[test]
    fn an_event_that_breaks_off_behind_what_it_repeats_is_an_error() {
        let mut envelope = Envelope::default();
        read(&mut envelope, FIRST);
        for end in [r#""usage":null"#, "[{", "}],", "],"] {
            let cut = FIRST.find(end).unwrap() + end.len();
            assert!(envelope.read(&FIRST.as_bytes()[..cut]).is_err(), "{end}");
        }
        assert!(envelope.read(format!("{FIRST}]").as_bytes()).is_err());
    }

    #[test]
    fn a_server_that_changes_its_frame_all_the_time_is_learnt_from_only_a_few_times() {
        let mut envelope = Envelope::default();
        for number in 0..100 {
            let event = FIRST.replace("c1", &format!("c{number}"));
            assert_eq!(
                read(&mut envelope, &event).id.known(),
                Some(format!("c{number}").as_str())
            );
        }
        assert_eq!(envelope.lessons, LESSONS);
    }

    fn events() -> impl Strategy<Value = Vec<String>> {
        let member = prop_oneof![
            Just(r#""id":"c1""#),
            Just(r#""id":"c2""#),
            Just(r#""model":"m""#),
            Just(r#""model":null"#),
            Just(r#""system_fingerprint":"\"choices\":[1]""#),
            Just(r#""meta":{"choices":[{"index":3}]}"#),
            Just(r#""provider":"a""#),
            Just(r#""provider":"b""#),
            Just(r#""usage":null"#),
            Just(r#""usage":{"total_tokens":2}"#),
            Just(r#""error":{"message":"no"}"#),
            Just(r#""obfuscation":"aé""#),
            Just(r#""obfuscation":"b""#),
            Just(r#""obfuscation":"\",\"usage\":{}""#),
            Just(r#""obfuscation":"","usage":{"total_tokens":3}"#),
        ];
        let around = || proptest::collection::vec(member.clone(), 0..3);
        let choices = prop_oneof![
            Just("[]"),
            Just("null"),
            Just(r#"[{"index":0,"delta":{"content":"é]}"}}]"#),
            Just(r#" [ {"delta":{"content":"b"},"finish_reason":"stop"} , {"index":1} ] "#),
        ];
        let event = (around(), choices, around()).prop_map(|(front, choices, back)| {
            let choices = format!("\"choices\":{choices}");
            let members: Vec<&str> = front.into_iter().chain([choices.as_str()]).chain(back).collect();
            format!("{{{}}}", members.join(","))
        });
        // Few different ones, many times: what repeats is what this is about.
        proptest::collection::vec(event, 1..3)
            .prop_flat_map(|events| proptest::collection::vec(proptest::sample::select(events), 1..16))
    }

    proptest! {
        #[test]
        fn an_event_says_the_same_whatever_was_read_before_it(events in events()) {
            let (mut envelope, mut said, mut expected) = (Envelope::default(), Head::default(), Head::default());
            let (mut kept, mut expected_kept) = (Kept::default(), Kept::default());
            for event in &events {
                let mut plain: ChatCompletion<'_> = serde_json::from_slice(event.as_bytes()).unwrap();
                let mut read = envelope.read(event.as_bytes()).unwrap();
                kept.remember(&mut read.other);
                expected_kept.remember(&mut plain.other);
                prop_assert_eq!(format!("{kept:?}"), format!("{expected_kept:?}"));
                said.remember(&read);
                expected.remember(&plain);
                prop_assert_eq!(format!("{said:?}"), format!("{expected:?}"));
                prop_assert_eq!(format!("{:?}", read.choices), format!("{:?}", plain.choices));
                prop_assert_eq!(read.usage, plain.usage);
                prop_assert_eq!(read.error, plain.error);
            }
        }
    }
}
