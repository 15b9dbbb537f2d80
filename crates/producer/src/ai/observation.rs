//! One call, from its request to the last byte of its answer.

use std::fmt;

use dayseal_format::event::{AiCall, EventType, Outcome, Reason, limits};
use http::HeaderMap;

use super::facts::{Facts, Job};
use super::frames::Frames;
use super::hosts::Dialect;
use super::route::{Endpoint, Route};
use super::sse::Sse;
use super::verdict::{self, End, Observed, Seen};
use super::{anthropic, bedrock, form, json, kling, openai, prompt, rates, text};

/// A request's body.
#[derive(Clone, Copy, Debug)]
pub enum RequestBody<'a> {
    /// All of it.
    Bytes(&'a [u8]),
    /// It is sent as a stream; [`Observation::request_sent`] may tell it later.
    Streamed,
}

/// A recognised call while it runs. Made by [`Recognizer::request`](super::Recognizer::request).
pub struct Observation {
    route: Route,
    facts: Facts,
    limit: usize,
    status: Option<u16>,
    reader: Reader,
    stream: bool,
    /// The request's `content-type`.
    request_type: String,
    /// The request's body is still to be told.
    streamed: bool,
    /// What was not read, and why.
    unread: Vec<String>,
    /// That of the answer is among it.
    blind: bool,
    rates: Vec<String>,
}

/// How the answer's bytes are read.
#[derive(Debug)]
enum Reader {
    /// Not at all: it has not begun, or cannot be read.
    Nothing,
    /// As one document, unless it becomes too large.
    Whole(Vec<u8>),
    /// As a file: only its size counts.
    File,
    Sse(Sse),
    Frames(Frames),
}

/// What it is a call of: what it holds of bodies does not belong into a program's own log.
impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { route, status, .. } = self;
        f.debug_struct("Observation")
            .field("route", route)
            .field("status", status)
            .finish_non_exhaustive()
    }
}

impl Observation {
    pub(super) fn new(
        route: Route,
        headers: &HeaderMap,
        body: RequestBody<'_>,
        limit: usize,
        keep: bool,
    ) -> Self {
        let call = AiCall {
            provider: text::name(&route.provider.name),
            region: route.provider.region.as_deref().and_then(text::name),
            model_requested: route.model.clone(),
            operation: text::name(&route.operation),
            ..AiCall::default()
        };
        let mut facts = Facts::new(call, keep, limit);
        facts.job_id.clone_from(&route.job);
        if route.provider.dialect == Dialect::Bedrock {
            bedrock::request_headers(&mut facts, headers);
        }
        let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut call = Self {
            stream: route.stream,
            request_type: kind.to_owned(),
            streamed: matches!(body, RequestBody::Streamed) && route.endpoint != Endpoint::Other,
            route,
            facts,
            limit,
            status: None,
            reader: Reader::Nothing,
            unread: Vec::new(),
            blind: false,
            rates: Vec::new(),
        };
        if let RequestBody::Bytes(bytes) = body {
            call.read_request(bytes, bytes.len() <= limit);
        }
        call
    }

    /// Gives the body of a request that was [`RequestBody::Streamed`], once it was sent: all of it, or
    /// as much as was held.
    pub fn request_sent(&mut self, held: &[u8], whole: bool) {
        if std::mem::take(&mut self.streamed) {
            self.read_request(held, whole && held.len() <= self.limit);
        }
    }

    fn read_request(&mut self, bytes: &[u8], whole: bool) {
        let (route, facts) = (&self.route, &mut self.facts);
        if route.endpoint == Endpoint::Other || bytes.is_empty() {
            return;
        }
        let form = form::read(&self.request_type, bytes);
        if bytes.len() >= self.limit && !whole {
            self.unread.push(format!("request: more than {} bytes", self.limit));
        } else if !whole {
            // The provider answered first, or the connection broke.
            self.unread.push("request: not all of it was sent".to_owned());
        }
        let body = match form {
            Some(form) => {
                if let Some(file) = form.file {
                    facts.input.push(file);
                }
                form.fields
            }
            None if !whole => return,
            None => match json::parse(bytes) {
                Some(value) => {
                    prompt::take(facts, bytes);
                    value
                }
                None => return self.unread.push("request: not JSON".to_owned()),
            },
        };
        match route.provider.dialect {
            Dialect::OpenAi => openai::request(facts, &body),
            Dialect::Anthropic => anthropic::request(facts, &body),
            Dialect::Bedrock => bedrock::request(facts, route.endpoint, &body),
            Dialect::Kling => kling::request(facts, &body),
            Dialect::Unknown => {}
        }
    }

    /// What is known before the call, as an event of its intent: `ai.generation.started`.
    pub fn intent(&self) -> Observed {
        Observed {
            kind: EventType::AI_GENERATION_STARTED,
            outcome: Outcome::Deferred,
            call: self.facts.call.clone(),
            reason: None,
            safety: None,
            request_id: None,
            job: self.facts.job_id.clone(),
            pending_query: false,
            input: self.facts.input.peek(),
            system: self.facts.system.peek(),
            output: None,
        }
    }

    /// The head of the answer came.
    pub fn response(&mut self, status: u16, headers: &HeaderMap) {
        self.status = Some(status);
        self.facts.request_id = rates::request_id(headers);
        if status == 429 {
            self.rates = rates::limits(headers);
        }
        if self.route.provider.dialect == Dialect::Bedrock {
            bedrock::response_headers(&mut self.facts, headers);
        }
        if self.route.endpoint == Endpoint::Other {
            return;
        }
        let header = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let encoding = header("content-encoding").trim().to_ascii_lowercase();
        if !matches!(&*encoding, "" | "identity") {
            let encoding = text::code(&encoding).unwrap_or_default();
            return self.unreadable(format!("response: content-encoding {encoding}"));
        }
        let kind = header("content-type").split(';').next().unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        self.reader = match &*kind {
            "text/event-stream" => Reader::Sse(Sse::new(self.limit)),
            "application/vnd.amazon.eventstream" => Reader::Frames(Frames::new(self.limit)),
            _ if self.route.endpoint == Endpoint::Speech && status < 400 => Reader::File,
            _ => Reader::Whole(Vec::new()),
        };
        self.stream = matches!(self.reader, Reader::Sse(_) | Reader::Frames(_));
    }

    /// More of the answer came; any cut will do.
    pub fn data(&mut self, chunk: &[u8]) {
        let (route, facts) = (&self.route, &mut self.facts);
        match &mut self.reader {
            Reader::Nothing => {}
            Reader::File => facts.output.push(chunk),
            Reader::Whole(held) if held.len() + chunk.len() <= self.limit => {
                held.extend_from_slice(chunk);
            }
            Reader::Whole(_) => {
                let limit = self.limit;
                self.unreadable(format!("response: more than {limit} bytes"));
            }
            Reader::Sse(sse) => {
                let mut bad = 0;
                sse.push(chunk, |_, data| bad += u64::from(!sse_event(facts, route, data)));
                sse.skipped += bad;
            }
            Reader::Frames(frames) => {
                let mut bad = 0;
                frames.push(chunk, |frame| {
                    bad += u64::from(!bedrock::event(facts, route.endpoint, frame));
                });
                frames.skipped += bad;
            }
        }
    }

    /// Whether the model's answer has begun: in a stream, after the events that only introduce it.
    pub fn answering(&self) -> bool {
        self.stream && self.facts.began
    }

    /// Bytes of an answer that are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        match &self.reader {
            Reader::Whole(held) => held.capacity(),
            _ => 0,
        }
    }

    fn unreadable(&mut self, why: String) {
        self.reader = Reader::Nothing;
        self.unread.push(why);
        self.blind = true;
    }

    /// The answer is over.
    pub fn finish(mut self, end: End) -> Observed {
        if self.streamed {
            self.unread.push("request: streamed".to_owned());
        }
        let whole = self.last(&end);
        let seen = Seen {
            facts: &self.facts,
            endpoint: self.route.endpoint,
            status: self.status,
            blind: self.blind,
            whole,
            end,
        };
        let (kind, outcome, code) = seen.verdict();
        self.facts.close();
        let facts = &mut self.facts;
        let safety = verdict::safety(facts);
        let code = code.or_else(|| (!self.unread.is_empty()).then(|| "unread".to_owned()));
        let reason = code.map(|code| {
            let mut words = Vec::new();
            if let Some(status) = self.status.filter(|status| *status != 200) {
                words.push(format!("HTTP {status}"));
            }
            words.append(&mut self.rates);
            words.append(&mut self.unread);
            let mut text = words.join("; ");
            text.truncate(text.floor_char_boundary(limits::SHORT_TEXT));
            Reason { code: Some(code), text: Some(text).filter(|text| !text.is_empty()) }
        });
        // Reading a finished answer again, which no job stands behind, is no news either.
        let query = self.route.endpoint == Endpoint::Query;
        let pending_query = query
            && match facts.job {
                Some(Job::Pending) => outcome == Outcome::Deferred,
                Some(Job::Done) => false,
                None => outcome == Outcome::Success,
            };
        Observed {
            kind,
            outcome,
            reason,
            safety,
            request_id: facts.request_id.take(),
            job: facts.job_id.take(),
            pending_query,
            input: facts.input.take(),
            system: facts.system.take(),
            output: facts.output.take(),
            call: std::mem::take(&mut facts.call),
        }
    }

    /// Reads what is left. Whether the answer was there as a whole.
    fn last(&mut self, end: &End) -> bool {
        let (route, facts) = (&self.route, &mut self.facts);
        let failed = self.status.is_some_and(|status| status >= 400);
        match std::mem::replace(&mut self.reader, Reader::Nothing) {
            Reader::Nothing | Reader::File => *end == End::Complete,
            Reader::Whole(body) => {
                let Some(value) = json::parse(&body) else {
                    // A transcript may be plain text; an error may be a proxy's page, or nothing.
                    let text = route.endpoint == Endpoint::Transcriptions && !failed;
                    if *end == End::Complete && text {
                        facts.output.push(&body);
                    } else if *end == End::Complete {
                        self.unread.push("response: not JSON".to_owned());
                        self.blind = true;
                    }
                    return *end == End::Complete;
                };
                let endpoint = route.endpoint;
                match (route.provider.dialect, failed) {
                    (Dialect::OpenAi, false) => openai::answer(facts, endpoint, &value),
                    (Dialect::OpenAi, true) => openai::error(facts, &value),
                    (Dialect::Anthropic, false) => anthropic::answer(facts, endpoint, &value),
                    (Dialect::Anthropic, true) => anthropic::error(facts, &value),
                    (Dialect::Bedrock, false) => bedrock::answer(facts, endpoint, &value),
                    (Dialect::Bedrock, true) => bedrock::error(facts, &value),
                    (Dialect::Kling, _) => kling::answer(facts, &value),
                    (Dialect::Unknown, _) => {}
                }
                // A caller that reads just as many bytes as announced drops the rest, which is nothing.
                true
            }
            Reader::Sse(mut sse) => {
                let mut bad = 0;
                if *end == End::Complete {
                    sse.end(|_, data| bad += u64::from(!sse_event(facts, route, data)));
                }
                self.skipped(sse.skipped + bad);
                self.facts.ended
            }
            Reader::Frames(frames) => {
                if *end == End::Complete && frames.skipped == 0 && !frames.whole() {
                    self.unread.push("response: ends inside a frame".to_owned());
                }
                self.skipped(frames.skipped);
                self.facts.ended
            }
        }
    }

    fn skipped(&mut self, events: u64) {
        if events > 0 {
            self.unread.push(format!("response: events not read: {events}"));
        }
    }
}

/// Whether the event could be read.
fn sse_event(facts: &mut Facts, route: &Route, data: &[u8]) -> bool {
    if data.trim_ascii() == b"[DONE]" {
        facts.ended = true;
        return true;
    }
    let Some(body) = json::parse(data) else { return data.trim_ascii().is_empty() };
    match route.provider.dialect {
        Dialect::OpenAi => openai::event(facts, route.endpoint, &body),
        Dialect::Anthropic => anthropic::event(facts, &body),
        _ => {}
    }
    true
}
