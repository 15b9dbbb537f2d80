//! What Lambda tells of an invocation, as the schema has it.

use std::time::Duration;

use dayseal_format::event::{Event, EventBuilder, Function, Source, Trace, limits};
use lambda_runtime::Context;

use super::DEADLINE;
use crate::operation::name;
use crate::{AuditLog, UnixMillis};

/// The invocation's time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    /// Unix milliseconds; 0 for none, as in tests of handlers.
    deadline: u64,
    margin: Duration,
}

/// What there is to store in when Lambda names no deadline.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(10);

impl Time {
    pub(super) fn new(log: &AuditLog, deadline: u64, margin: Duration) -> Self {
        let whole = Duration::from_millis(deadline).saturating_sub(now(log));
        Self { deadline, margin: margin.min(whole / 4) }
    }

    /// What is left for storing.
    pub(super) fn left(&self, log: &AuditLog) -> Duration {
        self.until(log, self.margin).unwrap_or(WITHOUT_DEADLINE)
    }

    pub(super) fn until_overdue(&self, log: &AuditLog) -> Option<Duration> {
        self.until(log, 2 * self.margin)
    }

    fn until(&self, log: &AuditLog, before: Duration) -> Option<Duration> {
        let deadline = Duration::from_millis(self.deadline);
        (self.deadline > 0).then(|| deadline.saturating_sub(now(log) + before))
    }
}

fn now(log: &AuditLog) -> Duration {
    Duration::from_millis(log.now().as_millis().unsigned_abs())
}

pub(super) fn function(context: &Context, cold: bool) -> Function {
    let config = &context.env_config;
    let mut function = Function::default().cold_start(cold);
    function.name = name(&config.function_name, limits::NAME);
    function.version = name(&config.version, limits::NAME);
    function.arn = name(&context.invoked_function_arn, limits::ID);
    function.execution = name(&context.request_id, limits::ID);
    function.instance = name(&config.log_stream, limits::ID);
    function.memory_mb = u32::try_from(config.memory).ok().filter(|memory| *memory > 0);
    function
}

pub(super) fn describe(context: &Context, action: &str) -> EventBuilder {
    // The type is the plan's.
    let mut event = Event::builder("function.invocation.started").action(action);
    if let Some(id) = name(&context.request_id, limits::ID) {
        event = event.source(Source::default().request_id(id));
    }
    if let Some(trace) = context.xray_trace_id.as_deref().and_then(xray) {
        event = event.trace(trace);
    }
    if let Some(tenant) = context.tenant_id.as_deref().and_then(|id| name(id, limits::ID)) {
        event = event.tenant(tenant);
    }
    let deadline = i64::try_from(context.deadline).ok().filter(|ms| *ms > 0);
    if let Some(deadline) = deadline.and_then(|ms| UnixMillis::new(ms).ok()) {
        event = event.label(DEADLINE, deadline.to_string());
    }
    event
}

/// `Root=1-…;Parent=…;Sampled=1`, AWS X-Ray's tracing header.
fn xray(header: &str) -> Option<Trace> {
    let part = |key: &str| {
        let mut parts = header.split(';').filter_map(|part| part.trim().split_once('='));
        let (_, value) = parts.find(|(name, _)| *name == key)?;
        name(value, limits::ID)
    };
    let mut trace = Trace::new(part("Root")?);
    trace.span_id = part("Parent");
    Some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracing_headers() {
        let trace =
            xray("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1");
        let expected =
            Trace::new("1-67891233-abcdef012345678912345678").span_id("53995c3f42cd8ad8");
        assert_eq!(trace, Some(expected));
        assert_eq!(xray("Root=a"), Some(Trace::new("a")));
        assert_eq!((xray(""), xray("Parent=x"), xray("Root=")), (None, None, None));
    }
}
