use cadena::tools::tool_node;

async fn weather() {}

fn main() {
    let _ = tool_node((weather,));
}
