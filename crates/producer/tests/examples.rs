//! The examples run, and record what they say.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]
#![allow(clippy::duplicate_mod, reason = "each example brings its own surroundings")]

#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/agent_with_tools.rs"]
mod agent_with_tools;
#[cfg(feature = "reqwest-middleware")]
#[allow(dead_code, reason = "its `main` is not called here")]
#[path = "../examples/ai_client.rs"]
mod ai_client;

/// Types in order, without the log's own.
fn types(entries: &[dayseal::Event]) -> Vec<&str> {
    let own = |kind: &&str| !kind.starts_with("log.");
    entries.iter().map(|entry| entry.kind.as_str()).filter(own).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_with_tools() {
    let home = agent_with_tools::home::Home::temporary().unwrap();
    let entries = agent_with_tools::record(&home).await.unwrap();
    assert_eq!(
        types(&entries),
        [
            "ai.agent.started",
            "ai.agent.step",
            "ai.tool.called",
            "ai.tool.executed",
            "ai.memory.written",
            "ai.agent.step",
            "ai.memory.read",
            "ai.generation.blocked",
            "ai.tool.called",
            "review.completed",
            "ai.tool.executed",
            "ai.memory.deleted",
            "ai.agent.ended",
        ]
    );
    let review = entries.iter().find(|entry| entry.kind == "review.completed").unwrap();
    let about = review.correlation.as_ref().unwrap().parent_event.unwrap();
    let asked = entries.iter().find(|entry| entry.id == about).unwrap();
    assert_eq!(asked.kind, "ai.tool.called");
}

#[cfg(feature = "reqwest-middleware")]
#[tokio::test(flavor = "multi_thread")]
async fn an_ai_client() {
    let home = ai_client::home::Home::temporary().unwrap();
    let entries = ai_client::record(&home).await.unwrap();
    let completed = "ai.generation.completed";
    assert_eq!(types(&entries), [completed, completed, "ai.generation.blocked"]);
    let lines: Vec<String> =
        entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    for never in ["Hello", "Hi there", "cheque", "sk-never", "anna"] {
        assert!(!lines.concat().contains(never), "{never}");
    }
    let ai = |at: usize| entries[at].ai.as_ref().unwrap();
    let own = entries.iter().position(|entry| entry.kind == completed).unwrap();
    let usage = ai(own + 1).usage.unwrap();
    assert_eq!((usage.input, usage.output), (Some(9), Some(5)));
}
