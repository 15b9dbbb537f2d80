//! Agents: their runs, tools and memory, what was kept from them, and who watched.

use dayseal_format::event::{
    Actor, Agent, AiCall, Correlation, Decision, Event, EventBuilder, EventId, EventType, Outcome,
    Oversight, Reason, Resource, Safety, SafetyStage, Tool,
};

/// By the agent itself; on whose behalf, [`Actor::on_behalf_of`] with `.actor(…)`.
fn by(kind: EventType, agent: Agent, action: impl Into<String>) -> EventBuilder {
    let id = agent.id.clone().or_else(|| agent.name.clone()).unwrap_or_default();
    Event::builder(kind)
        .actor(Actor::agent(id))
        .agent(agent)
        .action(action)
        .outcome(Outcome::Success)
}

/// An agent's run began: `ai.agent.started`. Seed 004's `AGENT_LOOP_START`.
///
/// AI Act Art. 12(1): events over the lifetime of the system; ISO 42001 A.6.2.8.
pub fn agent_started(agent: Agent) -> EventBuilder {
    by(EventType::AI_AGENT_STARTED, agent, "agent_execution_start")
}

/// An agent took its n-th step, counted from 1: `ai.agent.step`.
///
/// AI Act Art. 12(2).
pub fn agent_step(agent: Agent, step: u64) -> EventBuilder {
    let resource = Resource::new("agent_step").id(step.to_string());
    by(EventType::from("ai.agent.step"), agent, "agent_step").resource(resource)
}

/// An agent's run ended so: `ai.agent.ended`. How long it took: `.duration_ms(…)`. Seed 004's
/// `agent_execution_end`.
///
/// AI Act Art. 12(1).
pub fn agent_ended(agent: Agent, outcome: Outcome) -> EventBuilder {
    by(EventType::AI_AGENT_ENDED, agent, "agent_execution_end").outcome(outcome)
}

/// An agent or model asked for a tool: `ai.tool.called`, outcome deferred. Its arguments go into
/// `content.args`, by size and digest. [`Tool::call_id`] ties it to [`tool_returned`].
///
/// AI Act Art. 12(2); SOC 2 CC7.2.
pub fn tool_called(agent: Agent, tool: Tool) -> EventBuilder {
    of_tool(EventType::from("ai.tool.called"), agent, tool).outcome(Outcome::Deferred)
}

/// A tool answered: `ai.tool.executed`, with its outcome. Seed 004's `tool_use:<name>`.
///
/// AI Act Art. 12(2); SOC 2 CC7.2.
pub fn tool_returned(agent: Agent, tool: Tool, outcome: Outcome) -> EventBuilder {
    of_tool(EventType::AI_TOOL_EXECUTED, agent, tool).outcome(outcome)
}

fn of_tool(kind: EventType, agent: Agent, tool: Tool) -> EventBuilder {
    let operation = AiCall::default().operation("execute_tool");
    by(kind, agent, tool.name.clone()).ai(operation.tool(tool))
}

/// An agent's memory was read: `ai.memory.read`. `item` is a key, never what is remembered: that goes
/// into `content`, by size and digest. Seed 004's memory operations, here and below.
///
/// AI Act Art. 12(2); GDPR Art. 30 where people are remembered.
pub fn memory_read(agent: Agent, item: impl Into<String>) -> EventBuilder {
    of_memory(EventType::AI_MEMORY_READ, agent, "read_memory", item)
}

/// It was written: `ai.memory.written`.
///
/// AI Act Art. 12(2).
pub fn memory_written(agent: Agent, item: impl Into<String>) -> EventBuilder {
    of_memory(EventType::AI_MEMORY_WRITTEN, agent, "write_memory", item)
}

/// It was deleted: `ai.memory.deleted`.
///
/// AI Act Art. 12(2); GDPR Art. 17.
pub fn memory_deleted(agent: Agent, item: impl Into<String>) -> EventBuilder {
    of_memory(EventType::AI_MEMORY_DELETED, agent, "delete_memory", item)
}

fn of_memory(kind: EventType, agent: Agent, action: &str, item: impl Into<String>) -> EventBuilder {
    by(kind, agent, action).resource(Resource::new("memory").id(item))
}

/// A guardrail of one's own stopped a prompt before any model saw it: `ai.generation.blocked`. `call`
/// is what would have been called. Seed 003's blocked request.
///
/// AI Act Art. 12(2)(a): situations of risk; SOC 2 CC7.2.
pub fn prompt_blocked<D: Into<String>>(
    actor: Actor,
    call: AiCall,
    detectors: impl IntoIterator<Item = D>,
    reason: impl Into<String>,
) -> EventBuilder {
    let safety = Safety {
        detectors: detectors.into_iter().map(Into::into).collect(),
        ..Safety::failed(SafetyStage::Input).block_reason(reason)
    };
    let action = call.operation.clone().unwrap_or_else(|| "chat".to_owned());
    Event::builder(EventType::AI_GENERATION_BLOCKED)
        .actor(actor)
        .action(action)
        .ai(call)
        .safety(safety)
        .outcome(Outcome::Blocked)
        .reason(Reason::new("guardrail"))
}

/// A person decided about an output or action: `review.completed`; of `about`, the event reviewed.
/// The outcome is deferred while the decision is pending or was passed on, else success: the review
/// itself.
///
/// AI Act Art. 14(4)(d), 14(5), and 12(3)(d): which natural person verified.
pub fn oversight_decided(
    reviewer: impl Into<String>,
    decision: Decision,
    about: EventId,
) -> EventBuilder {
    let reviewer = reviewer.into();
    let outcome = match decision {
        Decision::Pending | Decision::Escalated => Outcome::Deferred,
        Decision::Approved | Decision::Rejected | Decision::Modified | Decision::Overridden => {
            Outcome::Success
        }
    };
    let oversight = Oversight::default().required(true).decision(decision);
    Event::builder(EventType::REVIEW_COMPLETED)
        .oversight(oversight.reviewer(reviewer.clone()))
        .actor(Actor::user(reviewer))
        .action("review")
        .correlation(Correlation::default().parent_event(about))
        .outcome(outcome)
}
