//! The README's example is `examples/quickstart.rs`, and that runs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/quickstart.rs"]
mod quickstart;

use dayseal::keys::LocalKeys;

const README: &str = include_str!("../../../README.md");
const EXAMPLE: &str = include_str!("../examples/quickstart.rs");

#[test]
fn the_readme_quotes_the_example() {
    let (_, code) = EXAMPLE.split_once("\n\n").unwrap();
    assert!(README.contains(code), "README.md does not have the code of examples/quickstart.rs");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_runs() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("evidence")).unwrap();
    let keys = LocalKeys::generate(&"audit.example.com/prod".parse().unwrap()).unwrap();
    keys.save_new(&home.path().join("keys.json")).unwrap();
    quickstart::record(home.path()).await.unwrap();
    let days = std::fs::read_dir(home.path().join("evidence/entries")).unwrap();
    assert_eq!(days.count(), 1);
}
