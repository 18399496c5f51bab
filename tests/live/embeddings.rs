//! The embeddings of a real server: `server.py run --embeddings`.

use cadena::embeddings::{Embeddings, cosine_similarity};
use cadena::openai::OpenAIEmbeddings;

/// The embeddings of the live server; `None` when it serves none.
async fn embeddings() -> Option<OpenAIEmbeddings> {
    let embeddings = OpenAIEmbeddings::new("smollm2")
        .with_base_url(super::url()?)
        .with_api_key("none")
        .with_max_tokens(500);
    match embeddings.embed_query("hi").await {
        Err(error) if error.status() == Some(501) || error.detail().contains("--embeddings") => {
            eprintln!(
                "LIVE TESTS OF EMBEDDINGS SKIPPED: the server runs without `--embeddings`; see tests/live/README.md"
            );
            None
        }
        answer => answer.map(|_| embeddings).map_err(|error| panic!("{error}")).ok(),
    }
}

#[tokio::test]
async fn texts_that_mean_the_same_are_nearer_than_others() {
    let _turn = super::turn().await;
    let Some(embeddings) = embeddings().await else { return };
    let texts = [
        "The cat sat on the mat.",
        "A cat is sitting on a mat.",
        "Interest rates rose by two percent.",
    ];
    let vectors = embeddings.embed_documents(&texts.map(str::to_owned)).await.unwrap();
    let near = cosine_similarity(&vectors[0], &vectors[1]).unwrap();
    let far = cosine_similarity(&vectors[0], &vectors[2]).unwrap();
    assert!(near > far, "{near} {far}");
}

#[tokio::test]
async fn numbers_and_base64_are_the_same_and_stand_in_order() {
    let _turn = super::turn().await;
    let Some(embeddings) = embeddings().await else { return };
    let texts: Vec<String> = (0..8).map(|number| format!("text number {number}")).collect();
    let bytes = embeddings.clone().with_batch_size(3).embed(&texts).await.unwrap();
    let numbers = embeddings.with_plain_numbers(true).embed(&texts).await.unwrap();
    assert!(bytes.prompt_tokens > 8);
    for (one, other) in bytes.vectors.iter().zip(&numbers.vectors) {
        assert_eq!(one.len(), 576);
        assert!(cosine_similarity(one, other).unwrap() > 0.999);
    }
}

#[tokio::test]
async fn a_text_that_is_too_long_is_embedded_in_parts() {
    let _turn = super::turn().await;
    let Some(embeddings) = embeddings().await else { return };
    let vector = embeddings
        .embed_query(&"many words that stand apart ".repeat(150))
        .await
        .unwrap();
    let norm: f32 = vector.iter().map(|number| number * number).sum();
    assert!((norm - 1.0).abs() < 1e-3, "{norm}");
}
