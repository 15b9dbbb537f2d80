//! Real inputs as audit events: model calls with the arrival times of a production service, and the
//! CloudTrail records of an account under attack.
//!
//! Three public data sets that are not part of this project are **joined** here: texts and models are
//! of one (tatsu-lab/alpaca_eval), arrival times and token counts of another
//! (Azure/AzurePublicDataset), the API calls of a third (invictus-ir/aws_dataset). Nobody ever made
//! these calls at these times. An hour of arrivals is stretched over three days; the API calls keep
//! their times of day, on the second.
//!
//! Each event is what an application would hand over: a user's JSON, with the size of prompt and
//! answer and never their text. Where the data are absent, [`Dataset::sample`] has the same shapes.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value, json};

/// Names the directory with the data; empty, it asks for the sample.
pub const VARIABLE: &str = "DAYSEAL_DATA";

/// The first of three days, 2026-11-20T00:00:00Z, in milliseconds since 1970.
pub const START_MS: u64 = 1_795_132_800_000;
/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;
/// Days the events lie on.
pub const DAYS: u64 = 3;

/// One event to record, as a user's JSON.
#[derive(Clone, Debug)]
pub struct Input {
    /// When it happened, in milliseconds since 1970; also in `json`.
    pub at_ms: u64,
    /// The event without id, tenant and service.
    pub json: String,
}

/// Events in order of time.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The events.
    pub inputs: Vec<Input>,
    /// How many of them are model calls.
    pub generations: usize,
    /// How many are API calls.
    pub api_calls: usize,
    /// Bytes of prompts and answers that the model calls speak of and do not hold.
    pub content_bytes: u64,
    /// Where they come from, in a word.
    pub source: &'static str,
}

impl Dataset {
    /// The data in the directory that `DAYSEAL_DATA` names or that lies beside the project, else the
    /// sample.
    ///
    /// # Errors
    /// When the directory is there and cannot be read as expected.
    pub fn open() -> io::Result<Self> {
        match directory() {
            Some(directory) => Self::read(&directory),
            None => Ok(Self::sample()),
        }
    }

    /// Reads and joins the three files.
    ///
    /// # Errors
    /// When one cannot be read, or is not what it should be.
    pub fn read(directory: &Path) -> io::Result<Self> {
        let interactions = lines(&directory.join("llm-interactions.jsonl.gz"))?;
        let interactions = interactions.iter().map(|line| parse(line));
        let interactions = interactions.collect::<io::Result<Vec<_>>>()?;
        let arrivals = lines(&directory.join("llm-arrivals-conv.csv.gz"))?;
        let arrivals = arrivals.iter().skip(1).map(|line| arrival(line));
        let arrivals = arrivals.collect::<io::Result<Vec<_>>>()?;
        let calls = lines(&directory.join("cloudtrail.jsonl.gz"))?;
        let calls = calls.iter().map(|line| parse(line)).collect::<io::Result<Vec<_>>>()?;
        Self::join(&interactions, &arrivals, &calls, "the real data")
    }

    /// 240 made events of the same shapes, always the same ones.
    pub fn sample() -> Self {
        let interaction = |n: usize| {
            json!({
                "model": (["gpt4_0613", "claude-2.1_concise", "phi-2-dpo"][n % 3]),
                "dataset": (["koala", "vicuna", "oasst"][n % 7 % 3]),
                "input": "Why is the sky blue? ".repeat(1 + n % 5),
                "output": "Because air scatters short waves more than long ones. ".repeat(n % 40),
            })
        };
        let call = |n: usize| {
            let minute = n * 11 % 600;
            let mut call = json!({
                "userIdentity": {
                    "type": (["IAMUser", "AssumedRole", "AWSService"][n % 3]),
                    "principalId": format!("AIDAEXAMPLE{:04}", n % 9),
                    "invokedBy": "health.amazonaws.com",
                },
                "eventTime": format!("2023-07-10T{:02}:{:02}:{:02}Z", 8 + minute / 60, minute % 60, n % 60),
                "eventSource": (["ec2.amazonaws.com", "s3.amazonaws.com"][n % 2]),
                "eventName": (["DescribeInstances", "GetBucketAcl", "ListUsers"][n % 3]),
                "sourceIPAddress": format!("10.0.{}.{}", n % 4, n % 250),
                "userAgent": "aws-cli/2.11.0 Python/3.11.2",
                "requestID": format!("REQ{n:013}"),
                "readOnly": !n.is_multiple_of(4),
            });
            if n.is_multiple_of(8) {
                call["errorCode"] = "Client.UnauthorizedOperation".into();
                call["errorMessage"] = "You are not authorized to perform this operation.".into();
            }
            if n.is_multiple_of(5) {
                call["resources"] =
                    json!([{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example"}]);
            }
            call
        };
        let interactions: Vec<Value> = (0..180).map(interaction).collect();
        let calls: Vec<Value> = (0..60).map(call).collect();
        let arrivals: Vec<Arrival> = (0..360)
            .map(|n| Arrival {
                ms: n * 9_973,
                context: 20 + n * 37 % 900,
                generated: 1 + n * 53 % 700,
            })
            .collect();
        Self::join(&interactions, &arrivals, &calls, "a small sample, made for the tests")
            .expect("the sample has every field that the data have")
    }

    fn join(
        interactions: &[Value],
        arrivals: &[Arrival],
        calls: &[Value],
        source: &'static str,
    ) -> io::Result<Self> {
        let (first, last) = match arrivals {
            [first, .., last] => (first.ms, last.ms),
            _ => return Err(bad("fewer than two arrivals", "")),
        };
        let mut inputs = Vec::with_capacity(interactions.len() + calls.len());
        let mut content_bytes = 0;
        for (n, interaction) in interactions.iter().enumerate() {
            // As many arrivals as there are interactions, evenly from all.
            let arrival = &arrivals[n * arrivals.len() / interactions.len()];
            let at_ms = START_MS + (arrival.ms - first) * (DAYS * DAY_MS - 1) / (last - first);
            let (event, bytes) = generation(interaction, arrival, n)?;
            content_bytes += bytes;
            inputs.push(Input { at_ms, json: finish(event, at_ms) });
        }
        for call in calls {
            let at_ms = START_MS + DAY_MS + time_of_day(text(call, "eventTime")?)?;
            inputs.push(Input { at_ms, json: finish(api_call(call)?, at_ms) });
        }
        // Stable: those of one millisecond keep their order.
        inputs.sort_by_key(|i| i.at_ms);
        let (generations, api_calls) = (interactions.len(), calls.len());
        Ok(Self { inputs, generations, api_calls, content_bytes, source })
    }
}

/// The directory with the data, if there is one.
fn directory() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return (!named.is_empty()).then(|| named.into());
    }
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ["../../shared/data", "../shared/data"]
        .iter()
        .map(|beside| project.join(beside))
        .find(|path| path.join("cloudtrail.jsonl.gz").is_file())
}

/// One request as the service saw it.
struct Arrival {
    /// Milliseconds since midnight.
    ms: u64,
    context: u64,
    generated: u64,
}

/// A line such as `2023-11-16 18:15:46.6805900,374,44`.
fn arrival(line: &str) -> io::Result<Arrival> {
    let mut fields = line.split(',');
    let mut next = || fields.next().ok_or_else(|| bad("an arrival of three fields", line));
    let (time, context, generated) = (next()?, next()?, next()?);
    let number = |text: &str| text.trim().parse().map_err(|_| bad("a number", text));
    let arrival = Arrival {
        ms: time_of_day(time)?,
        context: number(context)?,
        generated: number(generated)?,
    };
    Ok(arrival)
}

/// Milliseconds since midnight of a date and time, one character between, a fraction allowed.
fn time_of_day(text: &str) -> io::Result<u64> {
    let parse = || {
        let time = text.get(11..)?.trim_end_matches('Z');
        let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let mut parts = whole.split(':').map(|p| p.parse::<u64>().ok());
        let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
        let ms: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        Some(((h * 60 + m) * 60 + s) * 1_000 + ms)
    };
    parse().ok_or_else(|| bad("a time", text))
}

/// A model call, and the bytes it speaks of.
fn generation(interaction: &Value, arrival: &Arrival, n: usize) -> io::Result<(Value, u64)> {
    let model = text(interaction, "model")?;
    let sizes =
        (text(interaction, "input")?.len() as u64, text(interaction, "output")?.len() as u64);
    let event = json!({
        "type": "ai.generation.completed",
        "actor": {"type": "user", "id": format!("u-{:04}", n * 7_919 % 1_009)},
        "action": "chat",
        "outcome": "success",
        "ai": {
            "provider": provider(model),
            "model_requested": model,
            "operation": "chat",
            "output_type": "text",
            "usage": {"input": arrival.context, "output": arrival.generated},
        },
        "content": {"input": {"bytes": sizes.0}, "output": {"bytes": sizes.1}},
        "labels": {"dataset": text(interaction, "dataset")?},
    });
    Ok((event, sizes.0 + sizes.1))
}

/// Who runs a model, as far as its name tells.
fn provider(model: &str) -> &'static str {
    let known = [("gpt", "openai"), ("claude", "anthropic"), ("mistral-medium", "mistral_ai")];
    known.iter().find(|(start, _)| model.starts_with(start)).map_or("self-hosted", |(_, p)| p)
}

/// A CloudTrail record.
fn api_call(call: &Value) -> io::Result<Value> {
    let (source, name) = (text(call, "eventSource")?, text(call, "eventName")?);
    let service = source.split('.').next().unwrap_or(source);
    let mut event = Map::new();
    event.insert("type".into(), format!("aws.{}.{}", lower(service), lower(name)).into());
    event.insert("action".into(), name.into());
    let user = &call["userIdentity"];
    let (kind, id) = match user["type"].as_str() {
        Some("IAMUser" | "Root") => ("user", user["principalId"].as_str()),
        Some("AWSService") => ("system", user["invokedBy"].as_str()),
        Some(_) => ("service", user["principalId"].as_str()),
        None => ("system", None),
    };
    event.insert("actor".into(), json!({"type": kind, "id": id.unwrap_or("unknown")}));
    let outcome = match call["errorCode"].as_str() {
        None => "success",
        Some(code) if code.contains("Unauthorized") || code == "AccessDenied" => "blocked",
        Some(_) => "failure",
    };
    event.insert("outcome".into(), outcome.into());
    if let Some(code) = call["errorCode"].as_str() {
        let mut reason = json!({"code": code});
        if let Some(message) = call["errorMessage"].as_str().filter(|m| !m.is_empty()) {
            reason["text"] = cut(message, 256).into();
        }
        event.insert("reason".into(), reason);
    }
    let mut origin = Map::new();
    for (field, from) in
        [("address", "sourceIPAddress"), ("request_id", "requestID"), ("user_agent", "userAgent")]
    {
        if let Some(value) = call[from].as_str().filter(|v| !v.is_empty()) {
            origin.insert(field.into(), cut(value, 1_024).into());
        }
    }
    if !origin.is_empty() {
        event.insert("source".into(), origin.into());
    }
    let resource = &call["resources"][0];
    if let Some(kind) = resource["type"].as_str() {
        let mut named = json!({"type": kind});
        if let Some(arn) = resource["ARN"].as_str() {
            named["id"] = cut(arn, 256).into();
        }
        event.insert("resource".into(), named);
    }
    Ok(event.into())
}

/// `DescribeVpcEndpoints` as `describe_vpc_endpoints`: event types have no upper case and no hyphen.
fn lower(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let mut before_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && before_lower {
            out.push('_');
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    out
}

/// At most `limit` bytes, between characters.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

fn finish(mut event: Value, at_ms: u64) -> String {
    event["time"] = rfc3339(at_ms).into();
    event.to_string()
}

/// A time of November 2026.
fn rfc3339(at_ms: u64) -> String {
    let since = at_ms - START_MS;
    let (day, ms) = (20 + since / DAY_MS, since % DAY_MS);
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("2026-11-{day:02}T{h:02}:{m:02}:{s:02}.{:03}Z", ms % 1_000)
}

fn lines(path: &Path) -> io::Result<Vec<String>> {
    let open = File::open(path)
        .map_err(|e| io::Error::new(e.kind(), format!("cannot open {}: {e}", path.display())));
    BufReader::new(MultiGzDecoder::new(open?)).lines().collect()
}

fn parse(line: &str) -> io::Result<Value> {
    serde_json::from_str(line).map_err(|_| bad("a line of JSON", line))
}

fn text<'a>(value: &'a Value, field: &str) -> io::Result<&'a str> {
    value[field].as_str().ok_or_else(|| bad(field, "a line without it"))
}

fn bad(expected: &str, found: &str) -> io::Error {
    let found: String = found.chars().take(80).collect();
    io::Error::new(io::ErrorKind::InvalidData, format!("expected {expected}, found `{found}`"))
}
