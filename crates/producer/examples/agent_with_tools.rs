//! A small agent: two steps, a tool, its memory, a prompt that is blocked, and a person who decides.
//! What it does is made up; what it records is real.
//!
//! `cargo run -p dayseal --example agent_with_tools [DIRECTORY]`, with a directory that
//! `dayseal init DIRECTORY` made, or a temporary one.

#[path = "support/home.rs"]
pub(crate) mod home;

use std::error::Error;

use dayseal::{Actor, Agent, AiCall, Correlation, Decision, Event, EventBuilder, Outcome, Tool};
use dayseal::{Trace, events};

use self::home::Home;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    record(&Home::from_args()?).await?;
    Ok(())
}

pub(crate) async fn record(home: &Home) -> Result<Vec<Event>, Box<dyn Error>> {
    let log = home.log("refund-desk")?;
    let agent = || Agent::new("refunds").instance("run-1").version("3");
    // What ties the run together, in every entry of it.
    let of_run = |event: EventBuilder| {
        event
            .correlation(Correlation::default().conversation("c-9"))
            .trace(Trace::new("0af7651916cd43dd8448eb211c80319c"))
    };

    let on_behalf = Actor::agent("refunds").on_behalf_of("anna");
    log.record(of_run(events::agent_started(agent())).actor(on_behalf).build()?).await?;

    // Step 1: look the order up, and remember it.
    log.record(of_run(events::agent_step(agent(), 1)).build()?).await?;
    let lookup = || Tool::new("find_order").kind("function").call_id("call-1");
    log.record(of_run(events::tool_called(agent(), lookup())).build()?).await?;
    log.record(of_run(events::tool_returned(agent(), lookup(), Outcome::Success)).build()?).await?;
    log.record(of_run(events::memory_written(agent(), "orders/4711")).build()?).await?;

    // Step 2: what somebody wrote into the order's comment must not reach the model.
    log.record(of_run(events::agent_step(agent(), 2)).build()?).await?;
    log.record(of_run(events::memory_read(agent(), "orders/4711")).build()?).await?;
    let blocked = events::prompt_blocked(
        Actor::agent("refunds"),
        AiCall::new("openai", "gpt-4o").operation("chat"),
        ["prompt_injection"],
        "instructions inside customer data",
    );
    log.record(of_run(blocked.agent(agent())).build()?).await?;

    // A refund needs a person. Stored before anything follows from it.
    let refund = || Tool::new("refund").kind("function").call_id("call-2");
    let asked = of_run(events::tool_called(agent(), refund())).build()?;
    let asked = log.record_durable(asked).await?;
    let review = events::oversight_decided("eve", Decision::Approved, asked.entry);
    log.record_durable(review.build()?).await?;
    log.record(of_run(events::tool_returned(agent(), refund(), Outcome::Success)).build()?).await?;

    log.record(of_run(events::memory_deleted(agent(), "orders/4711")).build()?).await?;
    log.record(of_run(events::agent_ended(agent(), Outcome::Success)).build()?).await?;

    log.close().await?;
    Ok(home.print().await)
}
