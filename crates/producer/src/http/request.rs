//! What a request says of itself, and which of it is believed.

use std::net::{IpAddr, SocketAddr};

use ::http::HeaderMap;
use ::http::header::USER_AGENT;
use ::http::request::Parts;
use dayseal_format::event::{Actor, Event, Source, limits};

use super::{AuditLayer, METHOD, Settings};
use crate::RecordError;
use crate::operation::{Kinds, Open, Plan, Write, cut, name};
use crate::trace_context::traceparent;

const FAMILY: &str = "http.request";

impl AuditLayer {
    /// The operation that this request is; `None` if it is not to be recorded.
    pub(super) fn open(&self, request: &Parts) -> Option<Result<Open, RecordError>> {
        let settings = &self.settings;
        if settings.skip.as_ref().is_some_and(|skip| skip(request).is_some()) {
            return None;
        }
        let mut plan = settings.plan(request);
        plan.actor = settings.actor.as_ref().and_then(|actor| actor(request)).or(plan.actor);
        if let Some(resource) = settings.resource.as_ref().and_then(|resource| resource(request)) {
            plan.event = plan.event.resource(resource);
        }
        let opened = Open::new(&self.log, plan).or_else(|error| {
            // Who chooses a name that the schema refuses must not thereby escape the log.
            tracing::error!(%error, "a request is recorded without its actor and resource");
            let mut plan = settings.plan(request);
            plan.actor = Some(Actor::user("refused"));
            Open::new(&self.log, plan)
        });
        Some(opened)
    }
}

impl Settings {
    /// What the request alone says.
    fn plan(&self, request: &Parts) -> Plan {
        let route = self.route.as_ref().and_then(|route| route(request));
        let path = route.as_deref().unwrap_or(request.uri.path());
        // A client may make up methods.
        let method = name(request.method.as_str(), 32).unwrap_or_default();
        let action = name(&format!("{method} {path}"), limits::NAME).unwrap_or_default();
        // The type is the plan's.
        let mut event = Event::builder("http.request.started").action(action).label(METHOD, method);
        if let Some(trace) = traceparent(&request.headers) {
            event = event.trace(trace);
        }
        Plan {
            event: event.source(self.source(request)),
            actor: Some(Actor::user("anonymous")),
            kinds: Kinds::family(FAMILY),
            write: Write { patience: self.patience, ..Write::default() },
        }
    }

    fn source(&self, request: &Parts) -> Source {
        let text = |header| request.headers.get(header).and_then(|value| value.to_str().ok());
        let agent = text(&USER_AGENT).filter(|agent| !agent.is_empty()).map(|agent| {
            let mut agent = agent.to_owned();
            cut(&mut agent, limits::TEXT);
            agent
        });
        Source {
            address: self.client(request).map(|address| address.to_string()),
            request_id: text(&self.request_id).and_then(|id| name(id, limits::ID)),
            user_agent: agent,
        }
    }

    fn client(&self, request: &Parts) -> Option<IpAddr> {
        match self.proxies {
            0 => self.peer.as_ref().and_then(|peer| peer(request)),
            proxies => forwarded(&request.headers, proxies),
        }
    }
}

/// The address that stands `proxies` from the right in `X-Forwarded-For`. A shorter list did not come
/// through all of them, and says nothing.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all("x-forwarded-for").into_iter().collect::<Vec<_>>();
    let mut from_the_right = values
        .into_iter()
        .rev()
        .flat_map(|value| value.to_str().unwrap_or_default().rsplit(','))
        .map(str::trim);
    let address = from_the_right.nth(proxies - 1)?;
    let with_port = || address.parse::<SocketAddr>().map(|address| address.ip());
    address.parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_client_is_counted_from_the_right() {
        let list =
            headers("x-forwarded-for", &["6.6.6.6, 1.1.1.1", "2.2.2.2:443 , [2001:db8::1]:8"]);
        let client = |proxies| forwarded(&list, proxies).map(|address| address.to_string());
        assert_eq!(client(1).as_deref(), Some("2001:db8::1"));
        assert_eq!(client(2).as_deref(), Some("2.2.2.2"));
        assert_eq!(client(3).as_deref(), Some("1.1.1.1"));
        assert_eq!(client(5), None);
        assert_eq!(forwarded(&headers("x-forwarded-for", &["unknown"]), 1), None);
    }
}
