//! The columns of each class.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema};

use crate::ocsf::Class;

/// The columns of a class: those of the schema that the mapping fills, in the order of their names.
pub fn schema(class: Class) -> Schema {
    let mut fields = vec![
        long("activity_id"),
        text("activity_name"),
        long("category_uid"),
        text("category_name"),
        long("class_uid"),
        text("class_name"),
        long("type_uid"),
        text("type_name"),
        long("severity_id"),
        text("severity"),
        long("time"),
        long("end_time"),
        long("duration"),
        long("status_id"),
        text("status"),
        text("status_code"),
        text("status_detail"),
        long("action_id"),
        text("action"),
        long("disposition_id"),
        text("disposition"),
        object("actor", [object("user", user()), object("session", [text("uid")])]),
        object("api", [text("operation"), object("token", [text("uid")])]),
        object("cloud", [text("provider"), text("region")]),
        object("metadata", metadata()),
        list("attestation_list", attestation()),
        text("raw_data"),
        long("raw_data_size"),
        map("unmapped"),
    ];
    if class.has_ai() {
        fields.extend([
            object("ai_agent", [text("uid"), text("instance_uid"), text("name"), text("version")]),
            object("ai_model", [text("ai_provider"), text("name"), text("uid"), text("version")]),
            object(
                "message_context",
                [
                    text("uid"),
                    text("name"),
                    object("service", [text("name")]),
                    long("prompt_tokens"),
                    long("completion_tokens"),
                ],
            ),
        ]);
    }
    if class.has_source() {
        fields.extend([
            object("src_endpoint", [text("ip"), text("name"), text("svc_name")]),
            object("http_request", [text("uid"), text("user_agent")]),
        ]);
    }
    if class.has_trace() {
        let span = [text("uid"), text("parent_uid"), long("start_time"), long("end_time")];
        fields.push(object("trace", [text("uid"), object("span", span)]));
    }
    if class.has_resources() {
        fields.push(list("resources", [text("uid"), text("type")]));
    }
    match class {
        Class::DatastoreActivity => fields.push(object("database", user_of("type_id"))),
        Class::AccountChange => fields.push(object("user", user_of("type_id"))),
        Class::Authentication => {
            fields.extend([object("user", user()), object("service", [text("name")])]);
        }
        Class::ApplicationLifecycle => {
            fields.push(object("app", [text("name"), text("version")]));
        }
        Class::ComplianceFinding => fields.extend([
            object("finding_info", [text("uid"), text("title")]),
            object("compliance", [text("control")]),
        ]),
        Class::ApiActivity => {}
    }
    fields.sort_by(|a, b| a.name().cmp(b.name()));
    Schema::new(fields)
}

/// The columns of a class as Hive, Athena and Glue name their types.
pub fn hive_columns(class: Class) -> Vec<(String, String)> {
    let schema = schema(class);
    schema.fields().iter().map(|f| (f.name().clone(), hive(f.data_type()))).collect()
}

fn hive(of: &DataType) -> String {
    let part = |f: &Arc<Field>| format!("{}:{}", f.name(), hive(f.data_type()));
    match of {
        DataType::Int64 => "bigint".to_owned(),
        DataType::Struct(fields) => {
            format!("struct<{}>", fields.iter().map(part).collect::<Vec<_>>().join(","))
        }
        DataType::List(item) => format!("array<{}>", hive(item.data_type())),
        DataType::Map(..) => "map<string,string>".to_owned(),
        _ => "string".to_owned(),
    }
}

fn user() -> Vec<Field> {
    vec![text("uid"), text("type"), long("type_id")]
}

fn user_of(id: &str) -> Vec<Field> {
    vec![text("uid"), text("name"), text("type"), long(id)]
}

fn metadata() -> Vec<Field> {
    vec![
        text("version"),
        text("uid"),
        text("event_code"),
        text("tenant_uid"),
        text("correlation_uid"),
        text("log_name"),
        text("log_provider"),
        text("log_version"),
        long("logged_time"),
        object(
            "product",
            [
                text("name"),
                text("version"),
                object("feature", [text("uid"), text("name"), text("version")]),
            ],
        ),
        Field::new("profiles", DataType::List(Arc::new(text("element"))), true),
    ]
}

fn attestation() -> Vec<Field> {
    let signature = vec![
        long("algorithm_id"),
        text("algorithm"),
        object("digest", digest()),
        long("serialization_id"),
        text("serialization"),
    ];
    vec![
        text("uid"),
        text("authority_uid"),
        text("chain_uid"),
        object("fingerprint", fingerprint()),
        object("prev_event", [text("uid"), long("type_uid"), object("fingerprint", fingerprint())]),
        list("signatures", signature),
    ]
}

fn digest() -> Vec<Field> {
    vec![
        long("algorithm_id"),
        text("algorithm"),
        long("encoding_id"),
        text("encoding"),
        text("value"),
    ]
}

fn fingerprint() -> Vec<Field> {
    let mut fields = digest();
    fields.extend([long("serialization_id"), text("serialization")]);
    fields
}

fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

fn long(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

fn object(name: &str, fields: impl IntoIterator<Item = Field>) -> Field {
    Field::new(name, DataType::Struct(fields.into_iter().collect::<Fields>()), true)
}

fn list(name: &str, fields: impl IntoIterator<Item = Field>) -> Field {
    let item = object("element", fields);
    Field::new(name, DataType::List(Arc::new(item)), true)
}

fn map(name: &str) -> Field {
    let key = Field::new("key", DataType::Utf8, false);
    let pair = Fields::from(vec![key, text("value")]);
    let entries = Field::new("key_value", DataType::Struct(pair), false);
    Field::new(name, DataType::Map(Arc::new(entries), false), true)
}
