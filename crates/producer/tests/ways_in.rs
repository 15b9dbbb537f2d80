//! The code in `docs/ways-in.md` is the examples', and they run: `make examples`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

const PAGE: &str = include_str!("../../../docs/ways-in.md");
const EXAMPLES: [&str; 4] = [
    include_str!("../examples/axum_service.rs"),
    include_str!("../examples/batch_job.rs"),
    include_str!("../examples/lambda_handler.rs"),
    include_str!("../examples/tracing_layer.rs"),
];

/// Without indentation, which a page does not keep.
fn flat(code: &str) -> String {
    code.lines().map(|line| line.trim().to_owned() + "\n").collect()
}

#[test]
fn the_page_quotes_the_examples() {
    let examples = EXAMPLES.map(flat);
    let quotes: Vec<_> = PAGE.split("```rust\n").skip(1).collect();
    assert_eq!(quotes.len(), EXAMPLES.len(), "one of each");
    for quote in quotes {
        let (code, _) = quote.split_once("```").unwrap();
        assert!(
            examples.iter().any(|example| example.contains(&flat(code))),
            "in no example:\n{code}"
        );
    }
}
