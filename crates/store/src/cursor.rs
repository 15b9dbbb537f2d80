//! The opaque `next` of a page: where a listing stopped.

use crate::{ErrorKind, StoreError};

/// The last key and, where versions are kept, the last version a page held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Key as the store named it; may be outside the grammar, since strays are listed too.
    pub(crate) key: String,
    /// Version id within that key.
    pub(crate) version: Option<String>,
}

impl Cursor {
    /// `<length of key in bytes>:<key><version>`; the length comes first because a stray's key may hold any character.
    pub(crate) fn encode(&self) -> String {
        format!("{}:{}{}", self.key.len(), self.key, self.version.as_deref().unwrap_or(""))
    }

    /// Reads what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// `Configuration`: the caller passed something that is not a `next` of this store.
    pub(crate) fn decode(text: &str, url: &str) -> Result<Self, StoreError> {
        let parsed = text.split_once(':').and_then(|(length, rest)| {
            let (key, version) = rest.split_at_checked(length.parse().ok()?)?;
            let version = (!version.is_empty()).then(|| version.to_owned());
            Some(Self { key: key.to_owned(), version })
        });
        parsed.ok_or_else(|| {
            let detail =
                "`from` is not the `next` of a page of this store; start the listing again";
            StoreError::new(ErrorKind::Configuration, "list", url, detail)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        for (key, version) in [("a/b", None), ("a:1", Some("v:2")), ("", None), ("ä\n", Some("x"))]
        {
            let cursor = Cursor { key: key.into(), version: version.map(Into::into) };
            assert_eq!(Cursor::decode(&cursor.encode(), "u").unwrap(), cursor);
        }
    }

    #[test]
    fn strangers_are_refused() {
        for text in ["", "a", "9:a", "1:ä", "-1:a"] {
            assert!(Cursor::decode(text, "u").is_err(), "{text:?}");
        }
    }
}
