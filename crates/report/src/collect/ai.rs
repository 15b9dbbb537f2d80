//! Model calls, agents, guardrails, oversight.

use std::collections::BTreeMap;

use dayseal_format::UnixMillis;
use dayseal_format::event::{Decision, EventFields, Outcome};
use serde::Serialize;

use super::latency::{Latencies, Latency};
use super::tally::Tally;
use super::top::{Ranking, Sum, Top};
use super::{Plain, add_counts};

/// Latest operations kept of an agent.
const RECENT: usize = 3;

/// One operation of an agent.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// When.
    pub time: UnixMillis,
    /// The entry's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// What was done.
    pub action: String,
    /// How long it took.
    pub duration_ms: Option<u64>,
}

/// An agent's sum.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AgentSum {
    /// Its entries.
    #[serde(flatten)]
    pub tally: Tally,
    /// Its latest operations, the newest last.
    pub recent: Vec<Step>,
}

impl Sum for AgentSum {
    fn entries(&self) -> u64 {
        self.tally.entries
    }

    fn merge(&mut self, other: Self) {
        self.tally.merge(other.tally);
        other.recent.into_iter().for_each(|step| self.step(step));
    }
}

impl AgentSum {
    fn add(&mut self, e: &EventFields) {
        self.tally.add(e);
        let newer = self.recent.first().is_none_or(|oldest| e.time >= oldest.time);
        if self.recent.len() == RECENT && !newer {
            return;
        }
        let (kind, action) = (e.kind.as_str().to_owned(), e.action.clone());
        self.step(Step { time: e.time, kind, action, duration_ms: e.duration_ms });
    }

    /// Of equal times the later taken is the newer.
    fn step(&mut self, step: Step) {
        let at = self.recent.partition_point(|s| s.time <= step.time);
        self.recent.insert(at, step);
        if self.recent.len() > RECENT {
            self.recent.remove(0);
        }
    }
}

/// Which fields the ended model calls carry (EU AI Act Art. 12).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AiFields {
    /// Ended model calls: `ai.generation.completed`, `.failed`, `.blocked`.
    pub calls: u64,
    /// Those that name the provider.
    pub with_provider: u64,
    /// Those that name a model.
    pub with_model: u64,
    /// Those that say when they ended or how long they took.
    pub with_end: u64,
    /// Those that say what the guardrails decided.
    pub with_safety: u64,
    /// Those that have the first three.
    pub complete: u64,
}

#[derive(Debug, Default)]
pub(super) struct AiCollector {
    calls: Tally,
    input_tokens: u64,
    output_tokens: u64,
    models: Top<Tally>,
    latency: Latencies,
    first_token: Latencies,
    agents: Top<AgentSum>,
    detectors: Top<Plain>,
    stages: BTreeMap<&'static str, u64>,
    safety_passed: u64,
    safety_failed: u64,
    blocked: u64,
    decisions: BTreeMap<&'static str, u64>,
    decisions_without_reviewer: u64,
    oversight_required: u64,
    fields: AiFields,
}

impl AiCollector {
    pub(super) fn add(&mut self, e: &EventFields) {
        if let Some(agent) = &e.agent {
            let name = agent.id.as_ref().or(agent.name.as_ref()).or(agent.instance.as_ref());
            self.agents.add(name.map_or("unnamed", String::as_str), |a| a.add(e));
        }
        if let Some(safety) = &e.safety {
            let slot =
                if safety.passed { &mut self.safety_passed } else { &mut self.safety_failed };
            *slot += 1;
            self.blocked += u64::from(!safety.passed && e.outcome == Outcome::Blocked);
            for detector in &safety.detectors {
                self.detectors.add(detector, |n| n.entries += 1);
            }
            if let Some(stage) = safety.stage {
                *self.stages.entry(stage.as_str()).or_default() += 1;
            }
        }
        if let Some(oversight) = &e.oversight {
            self.oversight_required += u64::from(oversight.required == Some(true));
            if let Some(decision) = oversight.decision {
                *self.decisions.entry(decision.as_str()).or_default() += 1;
                let by_nobody = decision != Decision::Pending && oversight.reviewer.is_none();
                self.decisions_without_reviewer += u64::from(by_nobody);
            }
        }
        let ended = matches!(
            e.kind.as_str(),
            "ai.generation.completed" | "ai.generation.failed" | "ai.generation.blocked"
        );
        if ended {
            self.call(e);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.calls.merge(other.calls);
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.models.merge(other.models);
        self.latency.merge(&other.latency);
        self.first_token.merge(&other.first_token);
        self.agents.merge(other.agents);
        self.detectors.merge(other.detectors);
        add_counts(&mut self.stages, other.stages);
        self.safety_passed += other.safety_passed;
        self.safety_failed += other.safety_failed;
        self.blocked += other.blocked;
        add_counts(&mut self.decisions, other.decisions);
        self.decisions_without_reviewer += other.decisions_without_reviewer;
        self.oversight_required += other.oversight_required;
        let (f, o) = (&mut self.fields, other.fields);
        f.calls += o.calls;
        f.with_provider += o.with_provider;
        f.with_model += o.with_model;
        f.with_end += o.with_end;
        f.with_safety += o.with_safety;
        f.complete += o.complete;
    }

    fn call(&mut self, e: &EventFields) {
        self.calls.add(e);
        let ai = e.ai.as_ref();
        let provider = ai.and_then(|a| a.provider.as_deref());
        let model = ai.and_then(|a| a.model_answered.as_deref().or(a.model_requested.as_deref()));
        let latency = ai.and_then(|a| a.latency_ms).or(e.duration_ms);
        let ends = latency.is_some() || e.end_time.is_some();
        let f = &mut self.fields;
        f.calls += 1;
        f.with_provider += u64::from(provider.is_some());
        f.with_model += u64::from(model.is_some());
        f.with_end += u64::from(ends);
        f.with_safety += u64::from(e.safety.is_some());
        f.complete += u64::from(provider.is_some() && model.is_some() && ends);
        let name = match (provider, model) {
            (Some(provider), Some(model)) => format!("{provider}/{model}"),
            (None, Some(model)) => model.to_owned(),
            (Some(provider), None) => format!("{provider}/?"),
            (None, None) => "unnamed".to_owned(),
        };
        self.models.add(&name, |t| t.add(e));
        if let Some(ms) = latency {
            self.latency.add(ms);
        }
        let Some(ai) = ai else { return };
        if let Some(ms) = ai.first_token_ms {
            self.first_token.add(ms);
        }
        if let Some(usage) = &ai.usage {
            self.input_tokens = self.input_tokens.saturating_add(usage.input.unwrap_or(0));
            self.output_tokens = self.output_tokens.saturating_add(usage.output.unwrap_or(0));
        }
    }

    pub(super) fn finish(self, top: usize) -> AiUse {
        AiUse {
            calls: self.calls,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            models: self.models.finish(top),
            latency: self.latency.finish(),
            first_token: self.first_token.finish(),
            agents: self.agents.finish(top),
            safety_passed: self.safety_passed,
            safety_failed: self.safety_failed,
            blocked: self.blocked,
            detectors: self.detectors.finish(top),
            stages: self.stages,
            oversight_required: self.oversight_required,
            decisions: self.decisions,
            decisions_without_reviewer: self.decisions_without_reviewer,
            fields: self.fields,
        }
    }
}

/// What entries say of models and agents.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AiUse {
    /// Ended model calls: answered, failed, blocked.
    pub calls: Tally,
    /// Tokens of their prompts, where they say.
    pub input_tokens: u64,
    /// Tokens of their answers, where they say.
    pub output_tokens: u64,
    /// Calls by `provider/model`: the model that answered, else the one asked for.
    pub models: Ranking<Tally>,
    /// `ai.latency_ms`, else `duration_ms`.
    pub latency: Latency,
    /// `ai.first_token_ms`.
    pub first_token: Latency,
    /// Entries with an agent, by its id, else its name.
    pub agents: Ranking<AgentSum>,
    /// Entries whose guardrails all passed.
    pub safety_passed: u64,
    /// Entries of which one did not.
    pub safety_failed: u64,
    /// Of these, those that were blocked for it.
    pub blocked: u64,
    /// Detectors that triggered.
    pub detectors: Ranking<Plain>,
    /// Decisions of guardrails, by stage of the call.
    pub stages: BTreeMap<&'static str, u64>,
    /// Entries that a person had to decide about.
    pub oversight_required: u64,
    /// What people decided.
    pub decisions: BTreeMap<&'static str, u64>,
    /// Decisions that name no reviewer.
    pub decisions_without_reviewer: u64,
    /// Which fields the calls carry.
    pub fields: AiFields,
}
