use cadena::messages::PromptValue;
use cadena::tools::BindTools;
use cadena::{AIMessage, EchoModel, RunnableExt, lambda};

fn main() {
    let sorry = lambda(|_: PromptValue| AIMessage::new("Sorry."));
    let model = EchoModel::new().with_fallbacks([sorry]);
    let _ = model.bind_tools(());
}
