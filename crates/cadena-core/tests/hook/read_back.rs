//! Which outputs are read back from the JSON of a record, and how a type of one's own gets it.

use cadena_core::{Choices, HumanMessage, Journal, Message, Outputs, Streamable, ToolMessage, dict, flow_whole};

use super::*;

/// A retriever of a list, whose elements a journal is told.
#[derive(Clone, Default)]
struct Pages(Arc<AtomicUsize>);

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Page(String);

flow_whole!(Page);

#[async_trait]
impl Runnable for Pages {
    type Input = String;
    type Output = Vec<Page>;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).kind(RunKind::Retriever)
    }

    async fn run(&self, input: String, _: RunContext) -> Result<Vec<Page>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(vec![Page(input)])
    }
}

#[tokio::test]
async fn a_journal_reads_back_a_list_only_if_it_is_told_its_type() {
    for told in [true, false] {
        let journal = if told {
            Journal::new().reads::<Vec<Page>>()
        } else {
            Journal::new()
        };
        let journal = Arc::new(journal);
        let pages = Pages::default();
        let config = || config().hook(Arc::<Journal>::clone(&journal));
        let first = pages.invoke_with("bears", config()).await.unwrap();
        let second = pages.invoke_with("bears", config()).await;
        match told {
            true => assert_eq!(second.unwrap(), first),
            false => assert_eq!(second.unwrap_err().kind(), ErrorKind::Unsupported),
        }
        assert_eq!(pages.0.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn the_types_that_tools_and_models_return_are_read_back_as_they_were() {
    #[track_caller]
    fn check<T: Streamable + std::fmt::Debug + PartialEq>(value: T) {
        let json = serde_json::to_value(&value).unwrap();
        assert_eq!(T::from_json(json).unwrap(), value);
    }
    check("text".to_owned());
    check((1, Some(true), None::<String>, 'x'));
    check(serde_json::json!({"a": [null]}));
    check(dict! {"a": 1});
    check(AIMessage::new("hi"));
    check(ToolMessage::new("42", "call-1"));
    check(Message::from(HumanMessage::new("hi")));
    check(Choices::from(vec![AIMessage::new("a"), AIMessage::new("b")]));
    check(PromptValue::from("hi"));
    check(Outputs::from(vec![1, 2]));
    check(Page("one".to_owned()));
    let error = <(u8, u8)>::from_json(serde_json::json!([1, 2, 3])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}
