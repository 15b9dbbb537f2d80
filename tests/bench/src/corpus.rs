//! Events of about 1 KiB with real text in them.
//!
//! `DAYSEAL_BENCH_DATA` names a JSON-lines file (`.gz` allowed) of `{model, input, output}`: its
//! texts are used. Without it, sentences are put together from words, which compress a little
//! better than what people write.

use std::io::Read as _;
use std::path::Path;

use dayseal_format::UnixMillis;
use dayseal_format::event::{
    Actor, AiCall, Content, ContentDigest, ContentItem, Correlation, Defaults, Event, EventDraft,
    EventId, Outcome, Safety, Service, Source, Trace,
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// A question to a model and its answer.
#[derive(Clone, Debug, Deserialize)]
pub struct Interaction {
    /// The model that answered.
    pub model: String,
    /// What was asked.
    pub input: String,
    /// What it answered.
    pub output: String,
}

/// The interactions of `DAYSEAL_BENCH_DATA`, or made ones; with where they come from.
///
/// # Errors
/// When the named file cannot be read.
pub fn interactions() -> Result<(Vec<Interaction>, &'static str), std::io::Error> {
    match std::env::var_os("DAYSEAL_BENCH_DATA") {
        Some(path) => Ok((read(Path::new(&path))?, "file")),
        None => Ok(((0..4_096).map(made).collect(), "made")),
    }
}

fn read(path: &Path) -> Result<Vec<Interaction>, std::io::Error> {
    let bytes = std::fs::read(path)?;
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8(bytes).map_err(std::io::Error::other)?;
    }
    text.lines().map(|l| serde_json::from_str(l).map_err(std::io::Error::other)).collect()
}

const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "a",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "as",
    "was",
    "with",
    "be",
    "by",
    "on",
    "not",
    "he",
    "his",
    "but",
    "at",
    "are",
    "this",
    "have",
    "from",
    "or",
    "had",
    "an",
    "they",
    "which",
    "one",
    "you",
    "were",
    "all",
    "her",
    "she",
    "there",
    "would",
    "their",
    "we",
    "him",
    "been",
    "has",
    "when",
    "who",
    "will",
    "no",
    "more",
    "if",
    "out",
    "patient",
    "invoice",
    "summary",
    "contract",
    "explain",
    "translate",
    "compare",
    "quarterly",
    "medication",
    "clause",
    "liability",
    "render",
    "camera",
    "sunset",
    "mountain",
    "slow",
    "motion",
    "portrait",
    "budget",
    "revenue",
    "forecast",
    "policy",
    "refund",
    "customer",
    "ticket",
    "deadline",
    "severance",
    "diagnosis",
    "treatment",
    "allergy",
    "dosage",
    "schedule",
    "museum",
    "recipe",
    "vegetarian",
    "function",
    "compile",
    "exception",
    "database",
    "index",
    "query",
    "latency",
    "cluster",
];

fn made(n: u64) -> Interaction {
    let mut random = Random(n);
    let mut text = |words: u64| {
        let mut out = String::new();
        for i in 0..words {
            let word = WORDS[random.below(WORDS.len() as u64) as usize];
            if i > 0 {
                out.push_str(if random.below(12) == 0 { ". " } else { " " });
            }
            out.push_str(word);
        }
        out
    };
    Interaction { model: format!("model-{}", n % 12), input: text(30), output: text(150) }
}

/// A small generator (SplitMix64): the same events in every run.
#[derive(Clone, Copy, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// This many lower-case hexadecimal digits, at most 32.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut out = format!("{:016x}{:016x}", self.bits(), self.bits());
        out.truncate(digits);
        out
    }
}

/// At most `limit` bytes of `text`, cut at a character.
fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Where the generated days begin: 2026-11-20.
pub const START_MS: i64 = 1_795_132_800_000;

/// The draft of event `n`, as an application would build it: about 1 KiB once encoded, of which
/// 250 bytes are digests and random ids that no compressor shortens, and 200 are people's text.
///
/// # Panics
/// If the event breaks a rule of the format: a bug here.
pub fn draft(n: u64, texts: &[Interaction]) -> EventDraft {
    let text = &texts[(n % texts.len() as u64) as usize];
    let mut random = Random(n ^ 0x5eed);
    let digest = |s: &str| ContentDigest(Sha256::digest(s.as_bytes()).into());
    let tokens = |s: &str| (s.len() / 4) as u64;
    Event::builder("ai.generation.completed")
        .actor(Actor::user(format!("pseud1:{}", random.hex(32))))
        .action("chat.completion")
        .outcome(Outcome::Success)
        .ai(AiCall::new("aws.bedrock", cut(&text.model, 64))
            .operation("chat")
            .input_tokens(tokens(&text.input))
            .output_tokens(tokens(&text.output))
            .latency_ms(200 + random.below(4_000))
            .param("max_tokens", 1_024))
        .content(
            Content::default()
                .input(ContentItem::hmac(text.input.len() as u64, digest(&text.input), "1"))
                .output(ContentItem::hmac(text.output.len() as u64, digest(&text.output), "1")),
        )
        .correlation(Correlation::default().conversation(random.hex(16)))
        .duration_ms(200 + random.below(4_000))
        .label("department", ["finance", "legal", "care", "studio"][(n % 4) as usize])
        .label("note", cut(&text.input, 160))
        .safety(Safety::passed())
        .source(
            Source::default().address("203.0.113.0/24").user_agent("acme-web/4.2 (Linux x86_64)"),
        )
        .time(time(n))
        .trace(Trace::new(random.hex(32)).span_id(random.hex(16)))
        .build()
        .expect("an event within the format's limits")
}

/// The instant of event `n`: ten a second.
pub fn time(n: u64) -> UnixMillis {
    UnixMillis::default().saturating_add(START_MS + (n as i64) * 100)
}

/// Event `n`, complete.
///
/// # Panics
/// As [`draft`].
pub fn event(n: u64, texts: &[Interaction]) -> Event {
    complete(n, draft(n, texts))
}

/// The draft of event `n`, changed, complete.
///
/// # Panics
/// If the change breaks a rule of the format.
pub fn complete(n: u64, draft: EventDraft) -> Event {
    let mut random = Random(n);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.bits().to_le_bytes());
    let id = EventId::from_parts(time(n), bytes);
    let service = Service::new("video-api");
    draft.complete(Defaults::new(id, time(n), &service)).expect("a checked draft")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_about_a_kibibyte() {
        let texts: Vec<_> = (0..16).map(made).collect();
        let mut bytes = Vec::new();
        (0..64).for_each(|n| event(n, &texts).encode(&mut bytes));
        let mean = bytes.len() / 64;
        assert!((950..1_250).contains(&mean), "{mean}");
    }

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
