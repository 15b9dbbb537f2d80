//! `lp` of `docs/spec/README.md`: fields behind their lengths, so that no two lists look alike.

/// Each field behind its length in two bytes.
///
/// # Panics
/// If a field is longer than 65,535 bytes: fields are names of at most 256.
pub(crate) fn lp(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(192);
    for field in fields {
        let len = u16::try_from(field.len()).expect("fields are names of at most 256 bytes");
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}
