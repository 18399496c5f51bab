//! The parser against every way to write and to cut events.

use proptest::prelude::*;

use super::*;

/// The standard's rules for text that is already decoded and whole, written as plainly as possible.
fn reference(text: &str) -> Vec<(String, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let Some((lines, _unfinished)) = text.rsplit_once('\n') else {
        return Vec::new();
    };
    let (mut events, mut data, mut name) = (Vec::new(), None::<String>, String::new());
    for line in lines.split('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            _ if line.is_empty() => {
                let name = std::mem::take(&mut name);
                events.extend(
                    data.take()
                        .map(|data| (if name.is_empty() { "message".into() } else { name }, data)),
                );
            }
            "data" => data = Some(data.map_or(value.to_owned(), |lines| lines + "\n" + value)),
            "event" => name = value.to_owned(),
            _ => {}
        }
    }
    events
}

fn parse<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<(Vec<(String, String)>, bool)> {
    let mut parser = SseParser::new();
    let mut events = Vec::new();
    for chunk in chunks {
        parser.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = parser.next_event()? {
            events.push((event.name().to_owned(), event.text()?.to_owned()));
        }
    }
    Ok((events, parser.is_cut()))
}

/// Checks the events of a text, whole and in pieces of every small size.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(name, data)| ((*name).to_owned(), (*data).to_owned()))
        .collect();
    assert_eq!(reference(text), expected, "the reference disagrees");
    for size in 1..=text.len().max(1) {
        assert_eq!(
            parse(text.as_bytes().chunks(size)).unwrap().0,
            expected,
            "in pieces of {size}"
        );
    }
}

#[test]
fn lines_end_in_lf_cr_or_crlf() {
    check(
        "data: a\n\ndata: b\r\rdata: c\r\n\r\n",
        &[("message", "a"), ("message", "b"), ("message", "c")],
    );
    check("data: a\r\n\ndata: b\n\r\n", &[("message", "a"), ("message", "b")]);
    check("data: a\n\rdata: b\r\n\r\n", &[("message", "a"), ("message", "b")]);
}

#[test]
fn data_lines_are_joined_and_one_space_is_cut() {
    check("data:a\ndata:  b\ndata\ndata:\n\n", &[("message", "a\n b\n\n")]);
    check("data\n\n", &[("message", "")]);
}

#[test]
fn comments_unknown_fields_and_nameless_lines_are_skipped() {
    check(": ping\n\n:\nfoo: bar\nid: 1\n: x: y\nDATA: no\n data: no\n\n", &[]);
    check(": ping\ndata: a\n: ping\n\n", &[("message", "a")]);
}

#[test]
fn names_belong_to_one_event_and_events_without_data_are_none() {
    check(
        "event: error\ndata: a\n\ndata: b\n\n",
        &[("error", "a"), ("message", "b")],
    );
    check("event: lost\n\ndata: b\n\n", &[("message", "b")]);
    check("event: a\nevent: b\ndata\n\n", &[("b", "")]);
}

#[test]
fn a_byte_order_mark_is_dropped_at_the_start_only() {
    check("\u{feff}data: a\n\n", &[("message", "a")]);
    check("\n\u{feff}data: a\n\n", &[]);
    check("\u{feff}\u{feff}data: a\n\n", &[]);
}

#[test]
fn an_unfinished_event_is_discarded_and_told() {
    for (text, cut) in [
        ("data: a\n\n", false),
        ("data: a\n", true),
        ("data: a", true),
        ("data: a\n\nda", true),
        ("event: x\n", true),
        ("data: a\n\n: ping", false),
        ("data: a\n\n: ping\n", false),
        ("data: a\r", true),
        ("data: a\r\n\r", false),
        ("", false),
    ] {
        assert_eq!(parse([text.as_bytes()]).unwrap().1, cut, "{text:?}");
    }
}

#[test]
fn an_id_with_a_zero_byte_and_a_retry_with_letters_are_ignored() {
    let mut parser = SseParser::new();
    parser.push("id: 1\nid: a\0b\nretry: 9\nretry: 1x\nretry:\nretry: 99999999999999999999\ndata\n\n".into());
    let event = parser.next_event().unwrap().unwrap();
    assert_eq!(event.id(), Some("1"));
    assert_eq!(parser.retry(), Some(Duration::from_millis(9)));
}

#[test]
fn data_within_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: hello\r\n\r\n");
    let mut parser = SseParser::new();
    parser.push(chunk.clone());
    let data = parser.next_event().unwrap().unwrap().into_data();
    assert_eq!(data.as_ptr(), chunk.slice(6..).as_ptr());
}

#[test]
fn a_name_that_is_not_utf8_is_an_error_with_its_place() {
    let mut parser = SseParser::new();
    parser.push(Bytes::from_static(b"event: ab\xff\n"));
    let error = parser.next_event().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(error.detail(), "the field `event` of an event is not UTF-8 at byte 2");
}

#[test]
fn the_limit_holds_for_lines_joined_lines_and_single_bytes() {
    let over = |pieces: Vec<&'static [u8]>| {
        let mut parser = SseParser::new().with_limit(16);
        for piece in pieces {
            parser.push(Bytes::from_static(piece));
            match parser.next_event() {
                Ok(event) => assert!(event.is_none()),
                Err(error) => {
                    // After an error nothing comes and nothing is kept.
                    parser.push("data: x\n\n".into());
                    assert!(parser.next_event().unwrap().is_none());
                    return error.kind() == ErrorKind::LimitExceeded;
                }
            }
        }
        false
    };
    assert!(over(vec![b"data: 0123456789abcdef\n\n"]));
    assert!(over(vec![b"data: 0123456789abcdef"]));
    assert!(over(vec![b"data: 01234567\ndata: 01234567\n"]));
    assert!(over(vec![b"data\n"; 20]));
    assert!(over(vec![b"x"; 17]));
    assert!(!over(vec![b": 0123456789\n"; 20]));
}

/// Pieces of which interesting streams are made.
fn stream_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("data: "),
        Just("data:"),
        Just("data"),
        Just("event: "),
        Just("id: 1"),
        Just("retry: 5"),
        Just(":"),
        Just(" "),
        Just("\n"),
        Just("\r"),
        Just("\r\n"),
        Just("\n\n"),
        Just("a"),
        Just("wörld 🦀"),
        Just("{\"x\":1}"),
        Just("\u{feff}"),
        Just("\0"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_split_gives_the_events_of_the_standard(text in stream_text(), cuts in prop::collection::vec(0usize..400, 0..20)) {
        let bytes = text.as_bytes();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let (events, cut) = parse(pieces).unwrap();
        prop_assert_eq!(&events, &reference(&text));
        prop_assert_eq!((events, cut), parse(bytes.chunks(1)).unwrap());
    }

    #[test]
    fn arbitrary_bytes_never_panic(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..20)) {
        let mut parser = SseParser::new().with_limit(50);
        for chunk in chunks {
            parser.push(chunk.into());
            while let Ok(Some(event)) = parser.next_event() {
                let _ = (event.name(), event.id(), event.text().is_ok());
            }
        }
        let _ = parser.is_cut();
    }
}
