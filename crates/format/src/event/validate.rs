//! Every rule an event keeps beyond its shape, checked once, before it is encoded.

use super::{
    ContentItem, DigestScheme, EventError, EventFields, EventType, Scalar, Service, VERSION, wire,
};

/// The limits of an event, with their reasons. Bytes are bytes of UTF-8.
pub mod limits {
    /// The encoded event: 65,535 bytes, what a two-byte length holds, and the limit of a line of a
    /// manifest. Content is kept elsewhere, so an event is about 1 KiB.
    pub const EVENT: usize = 65_535;
    /// A user's JSON before it is encoded: four times an event, room for indentation and escapes.
    pub const INPUT: usize = 4 * (EVENT + 1);
    /// An identifier: holds an ARN's usual length, a URN, a pseudonym with its key version.
    pub const ID: usize = 256;
    /// A name, code or version: twice the 64 characters of a Lambda function's name.
    pub const NAME: usize = 128;
    /// A long text: a user agent, a parameter. Longer text is content.
    pub const TEXT: usize = 1_024;
    /// A short text: reasons, alerts, label values, values before and after a change. CloudWatch and
    /// OCSF consumers cut there; stack traces and prompts do not fit, on purpose.
    pub const SHORT_TEXT: usize = 256;
    /// The first characters of an access key, as the seeds log them. AWS ids have 20, so a prefix
    /// is never the key.
    pub const KEY_PREFIX: usize = 8;
    /// Items of a list.
    pub const LIST: usize = 64;
    /// Pairs of `labels` and of `ai.params`: 32 × (128 + 256) bytes are 12 KiB, a fifth of an event.
    pub const PAIRS: usize = 32;
    /// Integers, and their negatives: 2^53 - 1, so that readers which hold numbers as doubles
    /// (JavaScript, jq) see the same value (RFC 8259, section 6).
    pub const INTEGER: u64 = (1 << 53) - 1;
}

type Checked = Result<(), EventError>;

/// How much a checked body can weigh at most when encoded: not exact, never too little.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight(usize);

/// An upper bound of everything but texts: names of all fields, punctuation, numbers, times, the
/// nine names of a set. A test holds it against a full event.
const FRAME: usize = 4_096;
/// A text byte is written as at most six: `\u001f`.
const ESCAPED: usize = 6;
/// Quotes, comma, colon, and a number in a text's place.
const PUNCTUATION: usize = 24;
/// A redaction is an object around two texts.
const OBJECT: usize = 24;

/// What a text may hold.
#[derive(Clone, Copy)]
struct Rule {
    limit: usize,
    /// Control characters and line breaks are allowed: JSON escapes them, viewers must too.
    free: bool,
    /// The empty text is a value.
    empty: bool,
}

const ID: Rule = Rule { limit: limits::ID, free: false, empty: false };
const NAME: Rule = Rule { limit: limits::NAME, free: false, empty: false };
const PREFIX: Rule = Rule { limit: limits::KEY_PREFIX, free: false, empty: false };
const TEXT: Rule = Rule { limit: limits::TEXT, free: true, empty: false };
const SHORT: Rule = Rule { limit: limits::SHORT_TEXT, free: true, empty: false };
const VALUE: Rule = Rule { limit: limits::SHORT_TEXT, free: true, empty: true };
const PARAM: Rule = Rule { limit: limits::TEXT, free: true, empty: true };

/// Whether identifiers and names refuse this character: control characters, line and paragraph separators,
/// and those that reverse the direction of text, with which one name can be made to look like another.
/// Whoever shows other texts escapes these.
pub fn forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(super) fn size(path: &str, found: usize, limit: usize) -> Checked {
    limit_of(path, found as u64, limit as u64, "bytes")
}

fn limit_of(path: &str, found: u64, limit: u64, unit: &'static str) -> Checked {
    if found <= limit {
        return Ok(());
    }
    Err(EventError::Limit { path: path.to_owned(), limit, found, unit })
}

fn missing(path: &str) -> EventError {
    EventError::Missing { path: path.to_owned() }
}

fn contradiction(path: &str, rule: &'static str) -> EventError {
    EventError::Contradiction { path: path.to_owned(), rule }
}

/// Paths are made only for errors: the common way allocates nothing.
impl Weight {
    fn text(&mut self, rule: Rule, path: &str, text: &str) -> Checked {
        self.0 += text.len() * ESCAPED + PUNCTUATION;
        if text.is_empty() && !rule.empty {
            return Err(EventError::Empty { path: path.to_owned() });
        }
        size(path, text.len(), rule.limit)?;
        // Printable ASCII, almost always: the bytes alone settle it.
        if rule.free || text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
            return Ok(());
        }
        match text.char_indices().find(|(_, c)| forbidden(*c)) {
            None => Ok(()),
            Some((at, c)) => {
                Err(EventError::Character { path: path.to_owned(), at, character: c.into() })
            }
        }
    }

    fn required(&mut self, rule: Rule, path: &str, text: &str) -> Checked {
        if text.is_empty() { Err(missing(path)) } else { self.text(rule, path, text) }
    }

    fn maybe(&mut self, rule: Rule, path: &str, text: &Option<String>) -> Checked {
        text.as_deref().map_or(Ok(()), |text| self.text(rule, path, text))
    }

    fn list(&mut self, rule: Rule, path: &str, list: &[String]) -> Checked {
        limit_of(path, list.len() as u64, limits::LIST as u64, "items")?;
        for (i, text) in list.iter().enumerate() {
            self.text(rule, path, text).map_err(|e| at(e, &format!("{path}[{i}]")))?;
        }
        Ok(())
    }

    fn key(&mut self, path: &str, key: &str) -> Checked {
        let named = |e| at(e, &wire::join(path, &wire::shown(key)));
        self.text(NAME, path, key).map_err(named)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
        match key.char_indices().find(|(_, c)| !u8::try_from(*c).is_ok_and(plain)) {
            None => Ok(()),
            Some((i, c)) => Err(named(EventError::Character {
                path: String::new(),
                at: i,
                character: c.into(),
            })),
        }
    }

    fn content(&mut self, path: &str, item: &Option<ContentItem>) -> Checked {
        let Some(item) = item else { return Ok(()) };
        let below = |name: &'static str| move |e| at(e, &wire::join(path, name));
        number("", Some(item.bytes)).map_err(below("bytes"))?;
        self.maybe(NAME, "", &item.key_version).map_err(below("key_version"))?;
        self.maybe(ID, "", &item.reference).map_err(below("ref"))?;
        let rule = match (item.scheme, item.digest.is_some(), item.key_version.is_some()) {
            (None, false, false)
            | (Some(DigestScheme::HmacSha256V1), true, true)
            | (Some(DigestScheme::CommitV1), true, false) => return Ok(()),
            (None, true, _) => "a digest names its scheme",
            (Some(_), false, _) => "a scheme comes with a digest",
            (Some(DigestScheme::HmacSha256V1), true, false) => "an HMAC names its key's version",
            (_, _, true) => "only an HMAC has a key version",
        };
        Err(contradiction(path, rule))
    }
}

/// The same error at another path.
fn at(mut error: EventError, new: &str) -> EventError {
    if let EventError::Empty { path }
    | EventError::Limit { path, .. }
    | EventError::Character { path, .. } = &mut error
    {
        new.clone_into(path);
    }
    error
}

fn number(path: &str, value: Option<u64>) -> Checked {
    value.map_or(Ok(()), |found| limit_of(path, found, limits::INTEGER, "units"))
}

fn signed(path: &str, value: i64) -> Checked {
    number(path, Some(value.unsigned_abs()))
}

/// Checks all but what a producer may fill in.
pub(super) fn body(e: &EventFields) -> Result<Weight, EventError> {
    let mut w = Weight(FRAME);
    kind(&mut w, &e.kind)?;
    w.required(NAME, "action", &e.action)?;
    w.required(ID, "actor.id", &e.actor.id)?;
    w.maybe(ID, "actor.on_behalf_of", &e.actor.on_behalf_of)?;
    w.maybe(ID, "actor.session", &e.actor.session)?;
    w.maybe(SHORT, "access_reason", &e.access_reason)?;
    number("duration_ms", e.duration_ms)?;
    if e.end_time.is_some_and(|end| end < e.time) {
        return Err(contradiction("end_time", "not before `time`"));
    }
    refuse_empty(e)?;
    w.who(e)?;
    w.ai(e)?;
    w.what(e)?;
    w.lawful(e)?;
    limit_of("labels", e.labels.len() as u64, limits::PAIRS as u64, "pairs")?;
    for (key, value) in &e.labels {
        w.key("labels", key)?;
        w.text(VALUE, "labels", value).map_err(|error| at(error, &format!("labels.{key}")))?;
    }
    limit_of("redactions", e.redactions.len() as u64, limits::LIST as u64, "items")?;
    for (i, r) in e.redactions.iter().enumerate() {
        w.0 += OBJECT;
        let sub = |name: &str| format!("redactions[{i}].{name}");
        w.text(ID, "", &r.path).map_err(|error| at(error, &sub("path")))?;
        w.text(NAME, "", &r.rule).map_err(|error| at(error, &sub("rule")))?;
    }
    Ok(w)
}

fn kind(w: &mut Weight, kind: &EventType) -> Checked {
    w.required(NAME, "type", kind.as_str())?;
    if kind.is_well_formed() {
        return Ok(());
    }
    let detail = "expected a dotted lower-case name, [a-z0-9_]+(\\.[a-z0-9_]+)+".to_owned();
    Err(EventError::InvalidValue { path: "type".to_owned(), detail })
}

impl Weight {
    fn who(&mut self, e: &EventFields) -> Checked {
        if let Some(p) = &e.agent {
            self.maybe(ID, "agent.id", &p.id)?;
            self.maybe(ID, "agent.instance", &p.instance)?;
            self.maybe(NAME, "agent.name", &p.name)?;
            self.maybe(NAME, "agent.version", &p.version)?;
        }
        if let Some(p) = &e.clock {
            signed("clock.offset_ms", p.offset_ms.unwrap_or(0))?;
            self.maybe(NAME, "clock.source", &p.source)?;
        }
        if let Some(p) = &e.correlation {
            self.maybe(ID, "correlation.conversation", &p.conversation)?;
            self.maybe(ID, "correlation.job", &p.job)?;
            if p.parent_event.is_some_and(|id| id.is_unset()) {
                return Err(EventError::Empty { path: "correlation.parent_event".to_owned() });
            }
        }
        if let Some(p) = &e.function {
            self.maybe(ID, "function.arn", &p.arn)?;
            self.maybe(ID, "function.execution", &p.execution)?;
            self.maybe(ID, "function.instance", &p.instance)?;
            self.maybe(NAME, "function.name", &p.name)?;
            self.maybe(NAME, "function.trigger", &p.trigger)?;
            self.maybe(NAME, "function.version", &p.version)?;
        }
        if let Some(p) = &e.source {
            self.maybe(ID, "source.address", &p.address)?;
            self.maybe(ID, "source.request_id", &p.request_id)?;
            self.maybe(TEXT, "source.user_agent", &p.user_agent)?;
        }
        if let Some(p) = &e.trace {
            self.maybe(ID, "trace.parent_id", &p.parent_id)?;
            self.maybe(ID, "trace.span_id", &p.span_id)?;
            self.maybe(ID, "trace.trace_id", &p.trace_id)?;
        }
        Ok(())
    }

    fn ai(&mut self, e: &EventFields) -> Checked {
        let Some(p) = &e.ai else { return Ok(()) };
        self.list(NAME, "ai.finish", &p.finish)?;
        number("ai.first_token_ms", p.first_token_ms)?;
        number("ai.latency_ms", p.latency_ms)?;
        self.maybe(NAME, "ai.model_answered", &p.model_answered)?;
        self.maybe(NAME, "ai.model_requested", &p.model_requested)?;
        self.maybe(NAME, "ai.model_version", &p.model_version)?;
        self.maybe(NAME, "ai.operation", &p.operation)?;
        number("ai.output_count", p.output_count)?;
        self.maybe(NAME, "ai.output_type", &p.output_type)?;
        limit_of("ai.params", p.params.len() as u64, limits::PAIRS as u64, "pairs")?;
        for (key, value) in &p.params {
            self.key("ai.params", key)?;
            match value {
                Scalar::Bool(_) => Ok(()),
                Scalar::Integer(n) => signed("", *n),
                Scalar::Text(text) => self.text(PARAM, "", text),
            }
            .map_err(|error| at(error, &format!("ai.params.{key}")))?;
        }
        self.maybe(NAME, "ai.provider", &p.provider)?;
        self.maybe(NAME, "ai.region", &p.region)?;
        self.maybe(ID, "ai.response_id", &p.response_id)?;
        if let Some(tool) = &p.tool {
            self.maybe(ID, "ai.tool.call_id", &tool.call_id)?;
            self.required(NAME, "ai.tool.name", &tool.name)?;
            self.maybe(NAME, "ai.tool.type", &tool.kind)?;
        }
        if let Some(usage) = &p.usage {
            number("ai.usage.cached", usage.cached)?;
            number("ai.usage.input", usage.input)?;
            number("ai.usage.output", usage.output)?;
            number("ai.usage.reasoning", usage.reasoning)?;
        }
        Ok(())
    }

    fn what(&mut self, e: &EventFields) -> Checked {
        if let Some(p) = &e.change {
            self.required(NAME, "change.field", &p.field)?;
            self.maybe(VALUE, "change.from", &p.from)?;
            self.content("change.from_content", &p.from_content)?;
            self.maybe(VALUE, "change.to", &p.to)?;
            self.content("change.to_content", &p.to_content)?;
        }
        if let Some(p) = &e.content {
            self.content("content.args", &p.args)?;
            self.content("content.input", &p.input)?;
            self.content("content.output", &p.output)?;
            self.content("content.system", &p.system)?;
        }
        if let Some(p) = &e.key {
            self.maybe(ID, "key.id", &p.id)?;
            self.maybe(PREFIX, "key.prefix", &p.prefix)?;
            self.maybe(NAME, "key.version", &p.version)?;
        }
        if let Some(p) = &e.reason {
            self.maybe(NAME, "reason.code", &p.code)?;
            self.maybe(SHORT, "reason.text", &p.text)?;
        }
        if let Some(p) = &e.resource {
            self.maybe(ID, "resource.id", &p.id)?;
            self.required(NAME, "resource.type", &p.kind)?;
        }
        Ok(())
    }

    fn lawful(&mut self, e: &EventFields) -> Checked {
        if let Some(p) = &e.oversight {
            self.maybe(ID, "oversight.reviewer", &p.reviewer)?;
        }
        if let Some(p) = &e.privacy {
            self.list(NAME, "privacy.categories", &p.categories)?;
            self.maybe(NAME, "privacy.exemption", &p.exemption)?;
            self.maybe(NAME, "privacy.legal_basis", &p.legal_basis)?;
            self.maybe(NAME, "privacy.purpose", &p.purpose)?;
            self.list(NAME, "privacy.recipients", &p.recipients)?;
            self.maybe(ID, "privacy.subject", &p.subject)?;
            self.maybe(NAME, "privacy.transfer_region", &p.transfer_region)?;
        }
        if let Some(p) = &e.safety {
            self.list(SHORT, "safety.alerts", &p.alerts)?;
            self.maybe(SHORT, "safety.block_reason", &p.block_reason)?;
            self.list(NAME, "safety.detectors", &p.detectors)?;
            self.maybe(NAME, "safety.policy_version", &p.policy_version)?;
        }
        Ok(())
    }
}

/// Checks what a producer fills in, and the size of the whole.
pub(super) fn head(e: &EventFields, mut w: Weight) -> Checked {
    if e.v != VERSION {
        return match e.v {
            0 => Err(missing("v")),
            found => Err(EventError::Version { expected: VERSION.into(), found: found.into() }),
        };
    }
    if e.id.is_unset() {
        return Err(missing("id"));
    }
    // 1970 is a clock that was never set.
    for (path, time) in [("time", e.time), ("logged_time", e.logged_time)] {
        if super::unset_time(&time) {
            return Err(missing(path));
        }
    }
    if e.end_time.is_some_and(|end| end < e.time) {
        return Err(contradiction("end_time", "not before `time`"));
    }
    w.required(ID, "tenant", &e.tenant)?;
    let Service { env, name, region, version } = &e.service;
    w.required(NAME, "service.name", name)?;
    w.maybe(NAME, "service.env", env)?;
    w.maybe(NAME, "service.region", region)?;
    w.maybe(NAME, "service.version", version)?;
    if w.0 <= limits::EVENT {
        return Ok(());
    }
    // The bound does not settle it: count.
    let mut count = wire::Count::default();
    wire::write(e, &mut count).expect("text keys and a counter: writing cannot fail");
    size("", count.0, limits::EVENT)
}

/// The bound on the encoded size of a checked event.
#[cfg(test)]
pub(super) fn bound(e: &EventFields) -> usize {
    let mut w = body(e).expect("a checked event");
    for text in [&e.tenant, &e.service.name] {
        w.text(ID, "", text).expect("a checked event");
    }
    for text in [&e.service.env, &e.service.region, &e.service.version] {
        w.maybe(ID, "", text).expect("a checked event");
    }
    w.0
}

/// Checks everything.
pub(super) fn complete(e: &EventFields) -> Result<(), EventError> {
    let weight = body(e)?;
    head(e, weight)
}

/// The parts that may say nothing: an empty one is absent, so that nothing has two spellings.
macro_rules! with_parts {
    ($do:ident) => {
        $do!(agent ai clock content correlation function key oversight privacy reason source trace)
    };
}

fn is_empty<T: Default + PartialEq>(part: &Option<T>) -> bool {
    part.as_ref().is_some_and(|part| *part == T::default())
}

fn clear<T: Default + PartialEq>(part: &mut Option<T>) {
    if is_empty(part) {
        *part = None;
    }
}

/// Takes empty parts out of a draft.
pub(super) fn drop_empty(e: &mut EventFields) {
    if let Some(ai) = &mut e.ai {
        clear(&mut ai.usage);
    }
    macro_rules! clear_all {
        ($($part:ident)+) => { $(clear(&mut e.$part);)+ };
    }
    with_parts!(clear_all);
}

fn refuse_empty(e: &EventFields) -> Checked {
    let refuse = |path: &str| Err(EventError::Empty { path: path.to_owned() });
    macro_rules! refuse_all {
        ($($part:ident)+) => { $(if is_empty(&e.$part) { return refuse(stringify!($part)); })+ };
    }
    with_parts!(refuse_all);
    match &e.ai {
        Some(ai) if is_empty(&ai.usage) => refuse("ai.usage"),
        _ => Ok(()),
    }
}
