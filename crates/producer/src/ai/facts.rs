//! What is known of a call so far: filled in by the readers of the dialects, in any order.

use std::collections::BTreeMap;
use std::fmt;

use dayseal_format::event::{AiCall, SafetyStage, Scalar, Usage, limits};
use serde_json::Value;

use super::{json, text};

/// Text by its size and, if asked for and not too large, itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Captured {
    pub(super) bytes: u64,
    pub(super) text: Option<Vec<u8>>,
}

/// Sizes only: what a call said does not belong into a program's own log.
impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captured").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Captured {
    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The text itself. `None` unless [`Recognizer::keep_content`](super::Recognizer::keep_content)
    /// asked for it, and if it was larger than the limit.
    pub fn text(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }
}

/// Collects a text that comes in pieces.
#[derive(Debug)]
pub(super) struct Collect {
    captured: Option<Captured>,
    keep: bool,
    limit: usize,
}

impl Collect {
    pub(super) fn new(keep: bool, limit: usize) -> Self {
        Self { captured: None, keep, limit }
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        let keep = self.keep;
        let captured =
            self.captured.get_or_insert_with(|| Captured { bytes: 0, text: keep.then(Vec::new) });
        captured.bytes = text::count(captured.bytes.saturating_add(piece.len() as u64));
        match &mut captured.text {
            Some(text) if text.len() + piece.len() <= self.limit => text.extend_from_slice(piece),
            text => *text = None,
        }
    }

    pub(super) fn peek(&self) -> Option<Captured> {
        self.captured.clone()
    }

    pub(super) fn take(&mut self) -> Option<Captured> {
        self.captured.take()
    }
}

/// A guardrail's decision.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) stage: Option<SafetyStage>,
    pub(super) reason: String,
}

/// Where a job handed in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Pending,
    Done,
}

#[derive(Debug)]
pub(super) struct Facts {
    pub(super) call: AiCall,
    /// Reasons why the model stopped, by choice.
    finish: BTreeMap<u64, String>,
    pub(super) input: Collect,
    pub(super) system: Collect,
    pub(super) output: Collect,
    pub(super) blocked: Option<Block>,
    /// What flagged, blocked or not.
    pub(super) detectors: Vec<String>,
    /// A moderation's answer: whether nothing was flagged.
    pub(super) moderated: Option<bool>,
    /// The provider's code of an error, in a body or stream.
    pub(super) error: Option<String>,
    /// A limit or quota was exceeded, though the status may not say so.
    pub(super) limited: bool,
    /// The answer has begun: text, or a tool call, or reasoning.
    pub(super) began: bool,
    /// The stream said that it is at its end.
    pub(super) ended: bool,
    pub(super) request_id: Option<String>,
    pub(super) job_id: Option<String>,
    pub(super) job: Option<Job>,
}

impl Facts {
    pub(super) fn new(call: AiCall, keep: bool, limit: usize) -> Self {
        let collect = || Collect::new(keep, limit);
        Self {
            call,
            finish: BTreeMap::new(),
            input: collect(),
            system: collect(),
            output: collect(),
            blocked: None,
            detectors: Vec::new(),
            moderated: None,
            error: None,
            limited: false,
            began: false,
            ended: false,
            request_id: None,
            job_id: None,
            job: None,
        }
    }

    /// The request's model and those of its scalar parameters that are named.
    pub(super) fn request(&mut self, body: &Value, params: &[&str]) {
        if let Some(model) = json::text(body, &["model"]).and_then(text::name) {
            // A deployment's name in the path says more than what the body repeats.
            self.call.model_requested.get_or_insert(model);
        }
        for name in params {
            self.param(name, body.get(name));
        }
    }

    pub(super) fn param(&mut self, name: &str, value: Option<&Value>) {
        let scalar = match value {
            Some(Value::Bool(on)) => Some(Scalar::Bool(*on)),
            Some(Value::String(word)) => text::name(word).map(Scalar::Text),
            Some(Value::Number(number)) => match number.as_i64() {
                Some(n) if n.unsigned_abs() <= limits::INTEGER => Some(Scalar::Integer(n)),
                _ => number.as_f64().and_then(Scalar::decimal),
            },
            _ => None,
        };
        if let Some(scalar) = scalar
            && self.call.params.len() < limits::PAIRS
        {
            self.call.params.insert(name.to_owned(), scalar);
        }
    }

    /// Id and model of an answer.
    pub(super) fn answer(&mut self, body: &Value) {
        if let Some(id) = json::text(body, &["id"]).and_then(text::name) {
            self.call.response_id = Some(id);
        }
        if let Some(model) = json::text(body, &["model"]).and_then(text::name) {
            self.call.model_answered = Some(model);
        }
    }

    pub(super) fn usage(&mut self) -> &mut Usage {
        self.call.usage.get_or_insert_default()
    }

    pub(super) fn finished(&mut self, choice: u64, reason: &str) {
        if let Some(reason) = text::name(reason)
            && (self.finish.len() < limits::LIST || self.finish.contains_key(&choice))
        {
            self.finish.insert(choice, reason);
        }
        self.ended = true;
    }

    /// The first decision counts: what follows from it does not.
    pub(super) fn block(&mut self, stage: Option<SafetyStage>, reason: &str) {
        let reason = text::code(reason).unwrap_or_else(|| "blocked".to_owned());
        let block = self.blocked.get_or_insert(Block { stage, reason });
        block.stage = block.stage.or(stage);
    }

    pub(super) fn detector(&mut self, name: &str) {
        if let Some(name) = text::name(name)
            && self.detectors.len() < limits::LIST
            && !self.detectors.contains(&name)
        {
            self.detectors.push(name);
        }
    }

    /// An error's code. The first one counts. Messages are not taken: they quote prompts and keys.
    pub(super) fn fail(&mut self, code: &str) {
        let code = text::code(code).unwrap_or_else(|| "error".to_owned());
        self.error.get_or_insert(code);
    }

    pub(super) fn outputs(&mut self, count: usize) {
        self.call.output_count = Some(text::count(count as u64));
    }

    pub(super) fn say(&mut self, piece: Option<&Value>) {
        if let Some(piece) = piece.and_then(Value::as_str)
            && !piece.is_empty()
        {
            self.began = true;
            self.output.push(piece.as_bytes());
        }
    }

    pub(super) fn close(&mut self) {
        self.call.finish = std::mem::take(&mut self.finish).into_values().collect();
        if let Some(usage) = &mut self.call.usage {
            let all =
                [&mut usage.cached, &mut usage.input, &mut usage.output, &mut usage.reasoning];
            all.into_iter().flatten().for_each(|n| *n = text::count(*n));
        }
        self.call.usage = self.call.usage.filter(|usage| *usage != Usage::default());
    }
}
