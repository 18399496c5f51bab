use cadena::chat::{ChatModel, ChatRequest, ModelProfile};
use cadena::runnables::{ChunkStream, Runnable};
use cadena::{AIMessage, Result, RunContext, async_trait};

struct Shout;

#[async_trait]
impl Runnable for Shout {
    type Input = String;
    type Output = String;

    async fn run(&self, input: String, _: RunContext) -> Result<String> {
        Ok(input.to_uppercase())
    }
}

struct Parrot;

impl ChatModel for Parrot {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("parrot", "parrot-1")
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        Box::pin(futures::stream::empty())
    }
}

fn main() {}
