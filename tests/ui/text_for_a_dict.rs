use cadena::{ChatPromptTemplate, EchoModel, RunnableExt};

fn main() {
    let prompt = ChatPromptTemplate::from_messages([("human", "Tell a joke about {topic}.")]).unwrap();
    let chain = prompt | EchoModel::new();
    let _ = chain.invoke("bears");
}
