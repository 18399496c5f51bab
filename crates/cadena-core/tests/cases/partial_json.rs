//! JSON that is cut off or not JSON: each file of `cases/partial_json`, at once and in pieces.

use cadena_core::json::{PartialJson, parse_partial_json};

use crate::case::{Results, check, json};

#[test]
fn every_text_has_its_value_however_it_is_cut() {
    check("partial_json", &["value", "error", "finish"], |case| {
        let text = case.input("text");
        let mut results: Results = match parse_partial_json(text) {
            Ok(value) => vec![("value", json(&value))],
            Err(error) => vec![("error", error.detail().to_owned())],
        };
        for size in [1, 2, 3, 7] {
            let mut whole = PartialJson::new();
            let chars: Vec<char> = text.chars().collect();
            for piece in chars.chunks(size) {
                whole.push(&piece.iter().collect::<String>()).unwrap();
            }
            let grown = whole.value().map(json);
            let at_once = results.first().filter(|(name, _)| *name == "value");
            assert_eq!(grown.as_ref(), at_once.map(|(_, text)| text), "{}", case.path.display());
        }
        let mut whole = PartialJson::new();
        whole.push(text).unwrap();
        // A text without a value has the same error in the end.
        if let Err(error) = whole.finish().map_err(|error| error.detail().to_owned())
            && results.iter().all(|(_, text)| *text != error)
        {
            results.push(("finish", error));
        }
        results
    });
}
