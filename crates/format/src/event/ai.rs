//! The model call.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};

use super::parts::setters;

/// One call of a model. OpenTelemetry `gen_ai.*`, OCSF `ai_model` and `message_context`, seeds 000 and 003.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AiCall {
    /// Why the model stopped, one per choice: at most 64 names of 128 bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finish: Vec<String>,
    /// Milliseconds from request to the first token, rounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Milliseconds from request to the whole answer, rounded. Seed 003's `latency_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// The model that answered, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_answered: Option<String>,
    /// The model asked for, 128 bytes. Seeds' `model`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_requested: Option<String>,
    /// The version of the model that answered, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_version: Option<String>,
    /// What was asked of it, such as `chat`, `embeddings`, `text_to_video`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How many outputs came back. Seed 000's `video_count`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_count: Option<u64>,
    /// Kind of output, such as `text`, `json`, `video`; 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_type: Option<String>,
    /// Parameters of the request: at most 32. Seed 000's `duration`, `mode`.
    #[serde(
        default,
        deserialize_with = "super::wire::unique_map",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub params: BTreeMap<String, Scalar>,
    /// Who runs the model, in OpenTelemetry's spelling where it has one (`openai`, `aws.bedrock`); 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where the model ran, 128 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The provider's identifier of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
    /// The tool called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    /// Tokens used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl AiCall {
    /// A call of this provider's model.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self::default().provider(provider).model_requested(model)
    }

    /// Adds a parameter of the request. Decimals: [`Scalar::decimal`].
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<Scalar>) -> Self {
        self.params.insert(name.into(), value.into());
        self
    }

    /// Sets the tokens of the prompt.
    #[must_use]
    pub fn input_tokens(mut self, tokens: u64) -> Self {
        self.usage.get_or_insert_default().input = Some(tokens);
        self
    }

    /// Sets the tokens of the answer.
    #[must_use]
    pub fn output_tokens(mut self, tokens: u64) -> Self {
        self.usage.get_or_insert_default().output = Some(tokens);
        self
    }

    /// Sets the prompt's tokens that came from a cache.
    #[must_use]
    pub fn cached_tokens(mut self, tokens: u64) -> Self {
        self.usage.get_or_insert_default().cached = Some(tokens);
        self
    }

    /// Sets the tokens spent on reasoning.
    #[must_use]
    pub fn reasoning_tokens(mut self, tokens: u64) -> Self {
        self.usage.get_or_insert_default().reasoning = Some(tokens);
        self
    }
}

setters!(AiCall {
    /// Adds a reason why the model stopped.
    finish: list,
    /// Sets the milliseconds to the first token.
    first_token_ms: u64,
    /// Sets the milliseconds to the whole answer.
    latency_ms: u64,
    /// Sets the model that answered.
    model_answered: text,
    /// Sets the model asked for.
    model_requested: text,
    /// Sets the version of the model that answered.
    model_version: text,
    /// Sets what was asked of it.
    operation: text,
    /// Sets how many outputs came back.
    output_count: u64,
    /// Sets the kind of output.
    output_type: text,
    /// Sets who runs the model.
    provider: text,
    /// Sets where the model ran.
    region: text,
    /// Sets the provider's identifier of the answer.
    response_id: text,
    /// Sets the tool called.
    tool: Tool,
    /// Sets the tokens used.
    usage: Usage,
});

/// Tokens. OpenTelemetry `gen_ai.usage.*`, seed 003's `input_tokens`, `output_tokens`. At most 2^53-1 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Part of the prompt that came from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// The prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Spent on reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
}

/// A tool called. OpenTelemetry `gen_ai.tool.*`, seed 004's `tool_use:<name>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The call's identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// Name, 128 bytes. Required.
    pub name: String,
    /// JSON `type`, such as `function` or `extension`; 128 bytes.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl Tool {
    /// A tool with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

setters!(Tool {
    /// Sets the call's identifier.
    call_id: text,
    /// Sets the type.
    kind: text,
});

/// A parameter's value: boolean, integer within ±2^53-1, or text of at most 1,024 bytes.
///
/// There are no floats: they have many spellings, and not every language prints the same one. A
/// decimal is text, see [`Scalar::decimal`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// Text, also decimals.
    Text(String),
}

impl Scalar {
    /// A decimal as text: the shortest digits that give back `value`, without an exponent. `None`
    /// for infinities and what is not a number.
    ///
    /// ```
    /// # use dayseal_format::event::Scalar;
    /// assert_eq!(Scalar::decimal(0.7), Some(Scalar::Text("0.7".into())));
    /// assert_eq!(Scalar::decimal(f64::NAN), None);
    /// ```
    pub fn decimal(value: f64) -> Option<Self> {
        // `Display` of f64 writes no exponent.
        value.is_finite().then(|| Self::Text(value.to_string()))
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<i32> for Scalar {
    fn from(value: i32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<u32> for Scalar {
    fn from(value: u32) -> Self {
        Self::Integer(value.into())
    }
}

impl From<&str> for Scalar {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Scalar {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, integer or boolean; write a decimal as a string")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Integer(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                // The limit, 2^53-1, is checked with all others; this only fits the type.
                Ok(Scalar::Integer(i64::try_from(value).unwrap_or(i64::MAX)))
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }
            fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
                Ok(Scalar::Text(value))
            }
        }
        d.deserialize_any(Any)
    }
}
