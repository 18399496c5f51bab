//! `derive(Streamable)` on structs and enums: the code that it writes, and how the values flow.

use cadena::merge::Merge;
use cadena::{Result, RunnableExt, Streamable, lambda};

#[derive(Clone, Debug, PartialEq, serde::Serialize, Streamable)]
enum Answer<T> {
    Known(T),
    Unknown,
}

#[tokio::test]
async fn a_type_with_parameters_flows_whole() -> Result<()> {
    let step = lambda(|known: bool| if known { Answer::Known(1) } else { Answer::Unknown });
    let flows = step | lambda(|answer: Answer<i32>| answer);
    assert_eq!(flows.invoke(true).await?, Answer::Known(1));
    assert_eq!(flows.invoke(false).await?, Answer::Unknown);
    Ok(())
}

#[test]
fn a_later_piece_replaces_an_earlier_one() -> Result<()> {
    let mut chunk = Answer::Known(1).into_chunk();
    chunk.merge(Answer::Known(2).into_chunk())?;
    assert_eq!(Answer::from_chunk(chunk)?, Answer::Known(2));
    Ok(())
}
