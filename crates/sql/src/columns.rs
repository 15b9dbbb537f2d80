//! The columns of `entries`, and an entry's value in each.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Int64Builder, MapBuilder, StringBuilder,
    TimestampMillisecondBuilder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use dayseal_auditor::query::Hit;
use dayseal_format::event::{EventFields, Severity};
use dayseal_format::{Day, UnixMillis};

/// The zone of all times.
pub(crate) const UTC: &str = "+00:00";

/// How a column is filled.
#[derive(Clone, Copy)]
enum Kind {
    Text(fn(&Hit) -> Option<String>),
    Integer(fn(&EventFields) -> Option<i64>),
    Boolean(fn(&EventFields) -> Option<bool>),
    Time(fn(&EventFields) -> Option<UnixMillis>),
    Day(fn(&Hit) -> Option<Day>),
    Labels,
}

type Column = (&'static str, Kind);

fn count(n: Option<u64>) -> Option<i64> {
    n.and_then(|n| i64::try_from(n).ok())
}

/// The day whose manifest lists the entry's batch; if none does yet, the batch's own.
fn day(hit: &Hit) -> Day {
    hit.sealed.unwrap_or(hit.key.day)
}

const COLUMNS: &[Column] = &[
    ("time", Kind::Time(|e| Some(e.time))),
    ("id", Kind::Text(|h| Some(h.event.id.to_string()))),
    ("type", Kind::Text(|h| Some(h.event.kind.as_str().to_owned()))),
    ("action", Kind::Text(|h| Some(h.event.action.clone()))),
    ("outcome", Kind::Text(|h| Some(h.event.outcome.as_str().to_owned()))),
    ("severity", Kind::Text(|h| h.event.severity.map(Severity::as_str).map(str::to_owned))),
    ("reason_code", Kind::Text(|h| h.event.reason.as_ref()?.code.clone())),
    ("reason", Kind::Text(|h| h.event.reason.as_ref()?.text.clone())),
    ("actor", Kind::Text(|h| Some(h.event.actor.id.clone()))),
    ("actor_type", Kind::Text(|h| Some(h.event.actor.kind.as_str().to_owned()))),
    ("on_behalf_of", Kind::Text(|h| h.event.actor.on_behalf_of.clone())),
    ("session", Kind::Text(|h| h.event.actor.session.clone())),
    ("subject", Kind::Text(|h| h.event.privacy.as_ref()?.subject.clone())),
    ("purpose", Kind::Text(|h| h.event.privacy.as_ref()?.purpose.clone())),
    ("reviewer", Kind::Text(|h| h.event.oversight.as_ref()?.reviewer.clone())),
    ("resource", Kind::Text(|h| h.event.resource.as_ref()?.id.clone())),
    ("resource_type", Kind::Text(|h| h.event.resource.as_ref().map(|r| r.kind.clone()))),
    ("tenant", Kind::Text(|h| Some(h.event.tenant.clone()))),
    ("service", Kind::Text(|h| Some(h.event.service.name.clone()))),
    ("recorder", Kind::Text(|h| Some(h.recorder.as_str().to_owned()))),
    ("env", Kind::Text(|h| h.event.service.env.clone())),
    ("trace", Kind::Text(|h| h.event.trace.as_ref()?.trace_id.clone())),
    ("conversation", Kind::Text(|h| h.event.correlation.as_ref()?.conversation.clone())),
    ("job", Kind::Text(|h| h.event.correlation.as_ref()?.job.clone())),
    ("agent", Kind::Text(|h| h.event.agent.as_ref()?.id.clone())),
    ("provider", Kind::Text(|h| h.event.ai.as_ref()?.provider.clone())),
    ("operation", Kind::Text(|h| h.event.ai.as_ref()?.operation.clone())),
    ("model", Kind::Text(|h| h.event.ai.as_ref()?.model_requested.clone())),
    ("model_answered", Kind::Text(|h| h.event.ai.as_ref()?.model_answered.clone())),
    ("input_tokens", Kind::Integer(|e| count(e.ai.as_ref()?.usage.as_ref()?.input))),
    ("output_tokens", Kind::Integer(|e| count(e.ai.as_ref()?.usage.as_ref()?.output))),
    ("latency_ms", Kind::Integer(|e| count(e.ai.as_ref()?.latency_ms))),
    ("duration_ms", Kind::Integer(|e| count(e.duration_ms))),
    ("safety_passed", Kind::Boolean(|e| e.safety.as_ref().map(|s| s.passed))),
    ("address", Kind::Text(|h| h.event.source.as_ref()?.address.clone())),
    ("labels", Kind::Labels),
    ("day", Kind::Day(|h| Some(day(h)))),
    ("sealed_by", Kind::Day(|h| h.sealed)),
    ("batch", Kind::Text(|h| Some(h.key.to_string()))),
    ("place", Kind::Integer(|_| None)),
    ("entry", Kind::Text(|h| Some(String::from_utf8_lossy(&h.line).into_owned()))),
];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let field = |(name, kind): &Column| Field::new(*name, data_type(*kind), true);
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
});

/// The columns of `entries`, with their types.
pub fn columns() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text(_) => DataType::Utf8,
        Kind::Integer(_) => DataType::Int64,
        Kind::Boolean(_) => DataType::Boolean,
        Kind::Time(_) => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
        Kind::Day(_) => DataType::Date32,
        Kind::Labels => {
            let pair = vec![
                Field::new("keys", DataType::Utf8, false),
                Field::new("values", DataType::Utf8, true),
            ];
            let pairs = Field::new("entries", DataType::Struct(pair.into()), false);
            DataType::Map(Arc::new(pairs), false)
        }
    }
}

/// The wanted columns of some entries.
pub(crate) fn batch(
    schema: &SchemaRef,
    wanted: &[usize],
    hits: &[Hit],
) -> Result<RecordBatch, ArrowError> {
    let made: Result<Vec<ArrayRef>, _> =
        wanted.iter().map(|at| array(COLUMNS[*at], hits)).collect();
    // `count(*)` wants no column at all, and still the number of rows.
    let options = RecordBatchOptions::new().with_row_count(Some(hits.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), made?, &options)
}

fn array((name, kind): Column, hits: &[Hit]) -> Result<ArrayRef, ArrowError> {
    Ok(match kind {
        Kind::Text(of) => {
            let mut out = StringBuilder::new();
            hits.iter().for_each(|hit| out.append_option(of(hit)));
            Arc::new(out.finish())
        }
        Kind::Integer(of) => {
            let mut out = Int64Builder::with_capacity(hits.len());
            for hit in hits {
                // The place in the batch is no part of the event.
                let own = if name == "place" { Some(hit.index.into()) } else { of(&hit.event) };
                out.append_option(own);
            }
            Arc::new(out.finish())
        }
        Kind::Boolean(of) => {
            let mut out = BooleanBuilder::with_capacity(hits.len());
            hits.iter().for_each(|hit| out.append_option(of(&hit.event)));
            Arc::new(out.finish())
        }
        Kind::Time(of) => {
            let mut out = TimestampMillisecondBuilder::with_capacity(hits.len());
            hits.iter().for_each(|hit| out.append_option(of(&hit.event).map(|t| t.as_millis())));
            Arc::new(out.finish().with_timezone(UTC))
        }
        Kind::Day(of) => {
            let mut out = Date32Builder::with_capacity(hits.len());
            let epoch = UnixMillis::default().day();
            hits.iter().for_each(|hit| out.append_option(of(hit).map(|day| day.days_since(epoch))));
            Arc::new(out.finish())
        }
        Kind::Labels => {
            let mut out = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
            for hit in hits {
                for (name, value) in &hit.event.labels {
                    out.keys().append_value(name);
                    out.values().append_value(value);
                }
                out.append(true)?;
            }
            Arc::new(out.finish())
        }
    })
}
