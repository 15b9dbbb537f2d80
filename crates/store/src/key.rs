//! The key grammar, checked in one place before a key reaches a file system or a URL.

use crate::{ErrorKind, StoreError};

/// Longest key in bytes, root prefix included (S3: "Creating object key names").
pub const MAX_KEY: usize = 1_024;

/// Longest segment in bytes: what every common file system takes as a file name.
pub const MAX_SEGMENT: usize = 255;

/// Checks a whole key: segments of `[A-Za-z0-9._-]` joined by `/`, none empty, none starting with a dot.
///
/// # Errors
/// `Configuration`, naming the key and what is wrong with it.
pub(crate) fn check_key(action: &'static str, root: &str, key: &str) -> Result<(), StoreError> {
    match fault_of_key(key) {
        None => Ok(()),
        Some(fault) => Err(refusal(action, root, key, fault)),
    }
}

/// Checks a listing prefix: the start of some key, so empty, a whole key, or cut anywhere.
///
/// # Errors
/// As [`check_key`].
pub(crate) fn check_prefix(
    action: &'static str,
    root: &str,
    prefix: &str,
) -> Result<(), StoreError> {
    // A key cut after a slash, or nowhere yet, is completed by one more character.
    let fault = if prefix.is_empty() || prefix.ends_with('/') {
        fault_of_key(&format!("{prefix}x"))
    } else {
        fault_of_key(prefix)
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(refusal(action, root, prefix, fault)),
    }
}

/// Why `key` is outside the grammar, if it is.
pub(crate) fn fault_of_key(key: &str) -> Option<&'static str> {
    if key.len() > MAX_KEY {
        return Some("it is longer than 1024 bytes");
    }
    key.split('/').find_map(|segment| {
        if segment.is_empty() {
            Some("a segment is empty")
        } else if segment.starts_with('.') {
            Some("a segment starts with a dot")
        } else if segment.len() > MAX_SEGMENT {
            Some("a segment is longer than 255 bytes")
        } else if !segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            Some("a character is outside A-Z a-z 0-9 . _ -")
        } else {
            None
        }
    })
}

fn refusal(action: &'static str, root: &str, key: &str, fault: &str) -> StoreError {
    // `escape_debug`: a refused key may hold control characters, and errors end up in terminals.
    let object = format!("{root}/{}", key.escape_debug());
    StoreError::new(
        ErrorKind::Configuration,
        action,
        object,
        format!("the key is outside the grammar: {fault}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_layout_pass() {
        for key in ["log.json", "entries/2026-01-02/0af3/0-ab.batch", "a-b", "a/b", "_/-"] {
            assert_eq!(fault_of_key(key), None, "{key}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "a".repeat(256);
        for key in [
            "", "/a", "a/", "a//b", ".", "..", "a/../b", ".tmp/x", "a b", "ä", "a\0", "a\\b", &long,
        ] {
            assert!(check_key("put", "r", key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_prefix_may_stop_anywhere_in_a_key() {
        for prefix in ["", "entries/", "entries/2026-", "a/b"] {
            assert!(check_prefix("list", "r", prefix).is_ok(), "{prefix:?}");
        }
        for prefix in ["/", "a//", "../", "a/.", "a b"] {
            assert!(check_prefix("list", "r", prefix).is_err(), "{prefix:?}");
        }
    }
}
