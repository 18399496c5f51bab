use cadena::tool_node;

async fn weather() {}

fn main() {
    let _ = tool_node((weather,));
}
