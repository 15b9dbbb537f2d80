//! From a URL to a store, and from a path to a URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;

use crate::s3::{DEFAULT_DEADLINE, S3Config, S3Store};
use crate::{DirectoryStore, ErrorKind, Store, StoreError};

/// What a URL does not say. The default opens what exists, on AWS, as the environment is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make a missing directory (`file:` and paths). Buckets are never made: their settings are `infra/`'s.
    pub create: bool,
    /// [`S3Config::endpoint`].
    pub endpoint: Option<String>,
    /// [`S3Config::path_style`].
    pub path_style: bool,
    /// [`S3Config::region`].
    pub region: Option<String>,
    /// [`S3Config::expected_owner`].
    pub expected_owner: Option<String>,
    /// [`S3Config::check_versioning`].
    pub check_versioning: bool,
    /// [`S3Config::deadline`].
    pub deadline: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            create: false,
            endpoint: None,
            path_style: false,
            region: None,
            expected_owner: None,
            check_versioning: true,
            deadline: DEFAULT_DEADLINE,
        }
    }
}

/// Opens the root at `url`: `s3://bucket/prefix`, `file:///dir`, or a path.
///
/// # Errors
/// `Configuration` for a URL of no such form; otherwise as [`DirectoryStore::open`] and [`S3Store::connect`].
pub async fn open(url: &str, options: &OpenOptions) -> Result<Arc<dyn Store>, StoreError> {
    open_in(url, options, None).await
}

/// The directory at `url`, for what only directories can do; `None` if it is a bucket.
///
/// # Errors
/// As [`open`].
pub fn open_directory(url: &str) -> Result<Option<DirectoryStore>, StoreError> {
    match parse(url)? {
        Location::Directory(path) => DirectoryStore::open(path).map(Some),
        Location::Bucket { .. } => Ok(None),
    }
}

/// [`open`] with an SDK configuration the caller has, for buckets: loaded once for several roots and other clients.
///
/// # Errors
/// As [`open`]; for a bucket as [`S3Store::connect_with`].
pub async fn open_with(
    url: &str,
    options: &OpenOptions,
    sdk: &SdkConfig,
) -> Result<Arc<dyn Store>, StoreError> {
    open_in(url, options, Some(sdk)).await
}

async fn open_in(
    url: &str,
    options: &OpenOptions,
    sdk: Option<&SdkConfig>,
) -> Result<Arc<dyn Store>, StoreError> {
    match parse(url)? {
        Location::Directory(path) if options.create => Ok(Arc::new(DirectoryStore::create(path)?)),
        Location::Directory(path) => Ok(Arc::new(DirectoryStore::open(path)?)),
        Location::Bucket { bucket, prefix } => {
            let config = S3Config {
                prefix,
                endpoint: options.endpoint.clone(),
                path_style: options.path_style,
                region: options.region.clone(),
                expected_owner: options.expected_owner.clone(),
                check_versioning: options.check_versioning,
                deadline: options.deadline,
                ..S3Config::new(bucket)
            };
            Ok(Arc::new(match sdk {
                Some(sdk) => S3Store::connect_with(config, sdk).await?,
                None => S3Store::connect(config).await?,
            }))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Location {
    Directory(PathBuf),
    Bucket { bucket: String, prefix: String },
}

fn parse(url: &str) -> Result<Location, StoreError> {
    let wrong =
        |detail: &str| Err(StoreError::new(ErrorKind::Configuration, "open", safe(url), detail));
    if let Some(rest) = url.strip_prefix("s3://") {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.contains('@') || bucket.contains(':') {
            return wrong(
                "a bucket name expected after s3://; credentials come from the environment",
            );
        }
        if url.contains(['?', '#', '%']) {
            return wrong("expected s3://bucket/prefix without query, fragment or % escapes");
        }
        let (bucket, prefix) = (bucket.to_owned(), prefix.trim_end_matches('/').to_owned());
        return Ok(Location::Bucket { bucket, prefix });
    }
    if let Some(rest) = url.strip_prefix("file:") {
        let Some(path) = rest.strip_prefix("//").filter(|path| path.starts_with('/')) else {
            return wrong("expected file:///absolute/path (three slashes), or a plain path");
        };
        return match decode(path) {
            Some(path) => Ok(Location::Directory(path.into())),
            None => wrong("a % is not followed by two hex digits of UTF-8; write % as %25"),
        };
    }
    if url.is_empty() {
        return wrong("expected s3://bucket/prefix, file:///dir or a path");
    }
    // `C:\log` is a path, `gs://log` and the typo `s3:/log` are not.
    let scheme = url.split_once(":/").map(|(scheme, _)| scheme);
    if scheme
        .is_some_and(|s| s.len() > 1 && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+'))
    {
        return wrong("expected s3://bucket/prefix, file:///dir or a path");
    }
    Ok(Location::Directory(url.into()))
}

/// A refused URL for a message: without what stands before an `@`, which may be a password, and without control characters.
fn safe(url: &str) -> String {
    let tail = url.rsplit_once('@').map_or(url, |(_, tail)| tail);
    tail.escape_debug().to_string()
}

/// `file://` URL of an absolute path (RFC 8089), lossy where the path is not UTF-8.
pub(crate) fn of_path(path: &Path) -> String {
    let mut url = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// Undoes percent-encoding (RFC 3986 section 2.1); `None` if it is malformed.
pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, tail) = rest.split_at_checked(2)?;
        rest = tail;
        bytes.extend(hex::decode(digits).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(bucket: &str, prefix: &str) -> Location {
        Location::Bucket { bucket: bucket.into(), prefix: prefix.into() }
    }

    #[test]
    fn the_three_forms() {
        assert_eq!(parse("s3://b").unwrap(), bucket("b", ""));
        assert_eq!(parse("s3://b/").unwrap(), bucket("b", ""));
        assert_eq!(parse("s3://b/p/q/").unwrap(), bucket("b", "p/q"));
        assert_eq!(parse("file:///a/b%20c").unwrap(), Location::Directory("/a/b c".into()));
        assert_eq!(parse("../logs").unwrap(), Location::Directory("../logs".into()));
        assert_eq!(parse("a:b").unwrap(), Location::Directory("a:b".into()));
    }

    #[test]
    fn wrong_urls_say_what_to_do_and_keep_passwords() {
        for url in [
            "",
            "file:x",
            "file://host/x",
            "file:///%zz",
            "s3:/b",
            "gs://b",
            "https://b",
            "s3://b?x",
        ] {
            let e = parse(url).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Configuration, "{url}");
            assert!(e.to_string().contains("expected") || e.to_string().contains("write %"), "{e}");
        }
        let e = parse("s3://AKIA:secret@bucket/x").unwrap_err().to_string();
        assert!(!e.contains("secret"), "{e}");
    }

    #[test]
    fn paths_and_urls_agree() {
        let path = PathBuf::from("/tmp/a b/100%/ä");
        assert_eq!(parse(&of_path(&path)).unwrap(), Location::Directory(path));
    }

    #[tokio::test]
    async fn opening_does_not_create_unless_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/log").to_str().unwrap().to_owned();
        let mut options = OpenOptions::default();
        assert_eq!(open(&path, &options).await.unwrap_err().kind(), ErrorKind::NotFound);
        options.create = true;
        let store = open(&path, &options).await.unwrap();
        assert!(store.url().starts_with("file:///") && store.url().ends_with("/new/log"));
        open(store.url(), &OpenOptions::default()).await.unwrap();
    }

    #[tokio::test]
    async fn a_bucket_is_opened_with_the_configuration_that_is_given() {
        let options = OpenOptions { check_versioning: false, ..OpenOptions::default() };
        // Whatever the environment says: this one has no region.
        let none = SdkConfig::builder().build();
        let e = open_with("s3://bucket/p", &options, &none).await.unwrap_err();
        assert!(e.to_string().contains("AWS_REGION"), "{e}");
        let region = aws_config::Region::new("eu-west-1");
        let sdk = SdkConfig::builder().region(region).build();
        assert_eq!(
            open_with("s3://bucket/p", &options, &sdk).await.unwrap().url(),
            "s3://bucket/p"
        );
    }
}
