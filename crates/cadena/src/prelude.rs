//! One `use` line for a program: `use cadena::prelude::*;`.
//!
//! It names what most programs write, and brings the methods of the extension traits into scope, those of streams included. It leaves
//! out [`cadena::Result`](crate::Result) and [`cadena::Error`](crate::Error), so that the names of the standard library stay what they are.
//!
//! ```
//! use cadena::prelude::*;
//!
//! # futures::executor::block_on(async {
//! let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")])?;
//! let chain = prompt | EchoModel::new() | StrOutputParser;
//! let pieces: Vec<String> = chain.stream(dict! {"topic": "bears"}).try_collect().await?;
//! assert_eq!(pieces.concat(), "Tell a joke about bears.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```

#[cfg(feature = "schemars")]
pub use cadena_core::schemars::{self, JsonSchema};
pub use cadena_core::{
    AIMessage, AIMessageChunk, AnyTool, Bind as _, BindTools as _, Chain, ChatModel, ChatModelExt as _, ChatOptions,
    ChatPromptTemplate, Dict, EchoModel, Embeddings as _, HumanMessage, JsonOutputParser, Merge as _, Message,
    OutputParserExt as _, PromptTemplate, RunConfig, Runnable as _, RunnableExt as _, StrOutputParser, Streamable,
    SystemMessage, TokenLogprobsExt as _, ToolMessage, TypedOutputParser, agent, dict, fold, lambda, parallel,
    passthrough,
};
#[cfg(feature = "macros")]
pub use cadena_macros::{Streamable, chat_prompt, prompt, tool};
#[cfg(feature = "openai")]
pub use cadena_openai::{ChatOpenAI, OpenAIOptionsExt as _};
pub use futures::{StreamExt as _, TryStreamExt as _};
