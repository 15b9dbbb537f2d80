//! One record's fields: typed ones are taken out, the rest stays for labels.

use dayseal_format::event::{ContentItem, Scalar, limits};
use serde_json::{Map, Value};

use crate::MapError;
use crate::keys::Digests;
use crate::names::{cut, is_id, is_name};

/// A record under way. What does not fit a typed field stays, and goes to the labels with the rest.
#[derive(Debug)]
pub(crate) struct Fields {
    format: &'static str,
    pub(crate) rest: Map<String, Value>,
    /// Paths of what was left out, or cut.
    pub(crate) dropped: Vec<String>,
}

impl Fields {
    pub(crate) fn read(record: &[u8], format: &'static str) -> Result<Self, MapError> {
        let read = serde_json::from_slice(record);
        let rest = read.map_err(|e| MapError::NotJson { line: e.line(), column: e.column() })?;
        Ok(Self { format, rest, dropped: Vec::new() })
    }

    pub(crate) fn missing(&self, field: &'static str) -> MapError {
        MapError::Missing { field, format: self.format }
    }

    /// Looks at a path such as `metadata.user_id`; `null` is the same as absent.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        let (parents, last) = path.rsplit_once('.').map_or((None, path), |(p, l)| (Some(p), l));
        let mut at = &self.rest;
        for key in parents.into_iter().flat_map(|p| p.split('.')) {
            at = at.get(key)?.as_object()?;
        }
        at.get(last).filter(|value| !value.is_null())
    }

    pub(crate) fn take(&mut self, path: &str) -> Option<Value> {
        let (parents, last) = path.rsplit_once('.').map_or((None, path), |(p, l)| (Some(p), l));
        let mut at = &mut self.rest;
        for key in parents.into_iter().flat_map(|p| p.split('.')) {
            at = at.get_mut(key)?.as_object_mut()?;
        }
        at.remove(last).filter(|value| !value.is_null())
    }

    /// Leaves a field out, for good.
    pub(crate) fn leave_out(&mut self, path: &str) {
        if self.take(path).is_some() {
            self.dropped.push(path.to_owned());
        }
    }

    /// A text, number or boolean as text, if `fits`.
    fn scalar(&mut self, path: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let text = match self.get(path)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        fits(&text).then(|| {
            self.take(path);
            text
        })
    }

    /// A text of any length that is not empty.
    pub(crate) fn text(&mut self, path: &str) -> Option<String> {
        self.scalar(path, |text| !text.is_empty())
    }

    pub(crate) fn id(&mut self, path: &str) -> Option<String> {
        self.scalar(path, is_id)
    }

    pub(crate) fn name(&mut self, path: &str) -> Option<String> {
        self.scalar(path, is_name)
    }

    /// A text cut to `limit` bytes.
    fn cut(&mut self, path: &str, limit: usize) -> Option<String> {
        let text = self.text(path)?;
        let (kept, shorter) = cut(&text, limit);
        if shorter {
            self.dropped.push(format!("{path} (cut)"));
        }
        Some(kept.to_owned())
    }

    pub(crate) fn short(&mut self, path: &str) -> Option<String> {
        self.cut(path, limits::SHORT_TEXT)
    }

    pub(crate) fn long(&mut self, path: &str) -> Option<String> {
        self.cut(path, limits::TEXT)
    }

    pub(crate) fn boolean(&mut self, path: &str) -> Option<bool> {
        let value = self.get(path)?.as_bool()?;
        self.take(path);
        Some(value)
    }

    /// A count or duration, rounded.
    pub(crate) fn whole(&mut self, path: &str) -> Option<u64> {
        let value = self.get(path)?;
        let value = value.as_u64().or_else(|| {
            let float = value.as_f64()?.round();
            (0.0..=limits::INTEGER as f64).contains(&float).then_some(float as u64)
        });
        let value = value.filter(|n| *n <= limits::INTEGER)?;
        self.take(path);
        Some(value)
    }

    /// A parameter: decimals become text.
    pub(crate) fn param(&mut self, path: &str) -> Option<Scalar> {
        let value = match self.get(path)? {
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(n) => match n.as_i64() {
                Some(n) if n.unsigned_abs() <= limits::INTEGER => Scalar::Integer(n),
                _ => Scalar::decimal(n.as_f64()?)?,
            },
            Value::String(text) if text.len() <= limits::TEXT => Scalar::Text(text.clone()),
            _ => return None,
        };
        self.take(path);
        Some(value)
    }

    /// A list of texts, if all of it fits.
    pub(crate) fn list(&mut self, path: &str, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let texts = || -> Option<Vec<String>> {
            let items = self.get(path)?.as_array()?;
            let text = |v: &Value| v.as_str().filter(|text| fits(text)).map(str::to_owned);
            (items.len() <= limits::LIST).then(|| items.iter().map(text).collect())?
        };
        let texts = texts().unwrap_or_default();
        if !texts.is_empty() {
            self.take(path);
        }
        texts
    }

    /// What was said, by size and keyed digest. What is no text counts as its compact JSON, keys sorted.
    pub(crate) fn content(&mut self, path: &str, digests: &Digests) -> Option<ContentItem> {
        let value = self.take(path)?;
        match &value {
            Value::String(text) => Some(digests.content(text.as_bytes())),
            Value::Object(map) if map.is_empty() => None,
            Value::Array(items) if items.is_empty() => None,
            other => Some(digests.content(other.to_string().as_bytes())),
        }
    }

    pub(crate) fn need(
        &mut self,
        field: &'static str,
        expected: &'static str,
        take: impl Fn(&mut Self, &str) -> Option<String>,
    ) -> Result<String, MapError> {
        if self.get(field).is_none() {
            return Err(self.missing(field));
        }
        take(self, field).ok_or(MapError::Invalid { field, expected })
    }
}
