//! Listing every version and every delete marker.

use std::borrow::Cow;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::EncodingType;

use super::failure::Failure;
use super::{S3Store, retry, version_id};
use crate::cursor::Cursor;
use crate::{Entry, EntryKind, ErrorKind, Page, StoreError};

/// One page; `from` is the key and version the page before ended with.
pub(super) async fn page(
    store: &S3Store,
    prefix: &str,
    from: Option<&str>,
) -> Result<Page, StoreError> {
    let from = from.map(|text| Cursor::decode(text, &store.url)).transpose()?;
    let attempt = |_| async {
        let answer = ask(store, prefix, None, from.as_ref()).await?;
        let next = next_of(&answer)?.map(|cursor| cursor.encode());
        Ok(Page { entries: entries(store, answer)?, next })
    };
    retry::retrying(store.patience(0), attempt).await.map_err(|f| failed(store, prefix, f))
}

/// One level: the prefixes up to the next slash, and what lies directly below `prefix`.
///
/// Asked of the versions: a listing of current objects leaves out a prefix whose objects all have a delete marker.
pub(super) async fn level(
    store: &S3Store,
    prefix: &str,
) -> Result<(Vec<String>, Vec<Entry>), StoreError> {
    let (mut found, mut direct) = (Vec::new(), Vec::new());
    let mut from: Option<Cursor> = None;
    loop {
        let attempt = |_| async {
            let answer = ask(store, prefix, Some("/"), from.as_ref()).await?;
            let mut page = Vec::new();
            for common in answer.common_prefixes() {
                page.push(relative(store, common.prefix())?);
            }
            let next = next_of(&answer)?;
            Ok((page, entries(store, answer)?, next))
        };
        let answer = retry::retrying(store.patience(0), attempt).await;
        let (page, objects, next) = answer.map_err(|f| failed(store, prefix, f))?;
        found.extend(page);
        direct.extend(objects);
        if next.is_none() {
            break;
        }
        if next == from {
            let stuck = Failure::of(ErrorKind::Protocol, "a listing that does not advance");
            return Err(failed(store, prefix, stuck));
        }
        from = next;
    }
    // S3 sends them sorted; the contract promises it.
    found.sort_unstable();
    found.dedup();
    Ok((found, direct))
}

fn failed(store: &S3Store, prefix: &str, failure: Failure) -> StoreError {
    failure.into_error("list", store.object(prefix))
}

async fn ask(
    store: &S3Store,
    prefix: &str,
    delimiter: Option<&str>,
    from: Option<&Cursor>,
) -> Result<ListObjectVersionsOutput, Failure> {
    let config = &store.config;
    let request = store
        .client
        .list_object_versions()
        .bucket(&config.bucket)
        .set_expected_bucket_owner(config.expected_owner.clone())
        .prefix(format!("{}{prefix}", store.root))
        .set_delimiter(delimiter.map(str::to_owned))
        // A stray's key may hold what XML cannot.
        .encoding_type(EncodingType::Url)
        .set_key_marker(from.map(|c| c.key.clone()))
        .set_version_id_marker(from.and_then(|c| c.version.clone()));
    Ok(request.send().await?)
}

/// Where the next page starts, in the bucket's own keys.
fn next_of(answer: &ListObjectVersionsOutput) -> Result<Option<Cursor>, Failure> {
    if !answer.is_truncated.unwrap_or(false) {
        return Ok(None);
    }
    let Some(key) = answer.next_key_marker().filter(|key| !key.is_empty()) else {
        let detail = "a page that is not the last one names no next key";
        return Err(Failure::of(ErrorKind::Protocol, detail));
    };
    let version = answer.next_version_id_marker().filter(|id| !id.is_empty());
    Ok(Some(Cursor { key: decode(key)?, version: version.map(str::to_owned) }))
}

/// An entry and when S3 got it, which orders the versions of a key.
type Dated = (Entry, Option<DateTime>);

/// Objects and markers of one page in one order. S3 sends them mixed, the SDK as two lists, each in order.
fn entries(store: &S3Store, answer: ListObjectVersionsOutput) -> Result<Vec<Entry>, Failure> {
    let mut all: Vec<Dated> = Vec::new();
    for v in answer.versions.unwrap_or_default() {
        let entry = Entry {
            key: relative(store, v.key.as_deref())?,
            version: version_id(v.version_id),
            latest: v.is_latest.unwrap_or(false),
            length: v.size.and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            kind: EntryKind::Object,
        };
        all.push((entry, v.last_modified));
    }
    for m in answer.delete_markers.unwrap_or_default() {
        let entry = Entry {
            key: relative(store, m.key.as_deref())?,
            version: version_id(m.version_id),
            latest: m.is_latest.unwrap_or(false),
            length: 0,
            kind: EntryKind::DeleteMarker,
        };
        all.push((entry, m.last_modified));
    }
    // Stable, so that what has the same second keeps S3's order within its list.
    all.sort_by(|(a, a_time), (b, b_time)| {
        let newest_first =
            b.latest.cmp(&a.latest).then_with(|| seconds(b_time).cmp(&seconds(a_time)));
        a.key.cmp(&b.key).then(newest_first)
    });
    Ok(all.into_iter().map(|(entry, _)| entry).collect())
}

fn seconds(time: &Option<DateTime>) -> i128 {
    time.map_or(0, |t| t.as_nanos())
}

/// A key of the answer, below this root.
fn relative(store: &S3Store, key: Option<&str>) -> Result<String, Failure> {
    let key = decode(key.unwrap_or_default())?;
    match key.strip_prefix(&store.root) {
        Some(key) => Ok(key.to_owned()),
        None => {
            let detail = format!("a listing below {:?} names something outside it", store.root);
            Err(Failure::of(ErrorKind::Protocol, detail))
        }
    }
}

/// Undoes the encoding asked for; S3 writes a space as `+`.
fn decode(key: &str) -> Result<String, Failure> {
    let key =
        if key.contains('+') { Cow::Owned(key.replace('+', " ")) } else { Cow::Borrowed(key) };
    crate::url::decode(&key)
        .ok_or_else(|| Failure::of(ErrorKind::Protocol, "a key in a listing is not URL-encoded"))
}
