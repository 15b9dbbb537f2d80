//! What another run left half-done, before it is signed.

use dayseal_format::names::manifest_key;
use dayseal_format::record::Record;
use dayseal_format::{Day, Digest, Origin};
use dayseal_store::Store;

use super::SealError;
use crate::lines::Lines;
use crate::objects::{READ_LIMIT, examine};

/// Reads every object of an adopted manifest, as a verifier would. The manifest was checked in
/// itself, and has this digest.
pub(super) async fn check_objects(
    evidence: &dyn Store,
    origin: &Origin,
    day: Day,
    digest: Digest,
) -> Result<(), SealError> {
    let key = manifest_key(day);
    let object = format!("{}/{key}", evidence.url());
    let tampered = |found: String, expected| {
        Err(SealError::Tampered { object: object.clone(), expected, found })
    };
    let mut lines = Lines::new(evidence, key);
    while let Some(line) = lines.next().await.map_err(|e| SealError::of_lines(e, &object))? {
        let (key, version) = match Record::decode(line) {
            Ok(Record::Batch(b)) => (b.key, b.version),
            // A batch must not be passed off as a stray. Further versions and markers are not read.
            Ok(Record::Stray(s)) if s.sha256.is_some() => match s.key.parse() {
                Ok(key) => (key, s.version),
                Err(_) => continue,
            },
            _ => continue,
        };
        let name = key.to_string();
        let stored = evidence.get(&name, version.as_deref(), READ_LIMIT).await?;
        if !examine(&key, version, &stored.bytes, origin).is(line, day) {
            let found = format!("{name} is not as the manifest says");
            return tampered(found, "a manifest that tells the truth");
        }
    }
    if lines.digest() != digest {
        return tampered("it changed while it was read".into(), "an object that never changes");
    }
    Ok(())
}
