//! From flags, environment and one TOML file to opened stores and keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use dayseal_chain::LogSettings;
use dayseal_format::{Day, Origin, Policy, ServiceName, UnixMillis};
use dayseal_keys::KeyRef;
use dayseal_keys::aws::Aws;
use dayseal_store::{OpenOptions, Store};
use serde::{Deserialize, Serialize};

use crate::args::{Args, Redaction};
use crate::exit::UsageError;

/// Name of the configuration file.
pub(crate) const FILE: &str = "dayseal.toml";
/// Minutes after a day's end before it is sealed.
const DEFAULT_GRACE: u32 = 60;

/// The configuration file. Paths in it are relative to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) origin: Origin,
    pub(crate) service: ServiceName,
    pub(crate) first_day: Day,
    pub(crate) retention_days: u32,
    pub(crate) late_days: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) grace_minutes: Option<u32>,
    pub(crate) evidence: String,
    pub(crate) state: String,
    /// Content root: another one than the evidence's, since what is in it can be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    /// Days that contents are kept; a bucket's rule, or `dayseal retention apply`, removes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_days: Option<u32>,
    /// Key file, for the keys that have no reference of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signing_key: Option<KeyRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrapping_key: Option<KeyRef>,
    /// Takes over from the signing key: the next day sealed is signed by both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_signing_key: Option<KeyRef>,
    /// Files and secrets that older entries are opened with; KMS keys stand in the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) old_wrapping_keys: Vec<KeyRef>,
    /// Where the log secret is, if not in the key file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) log_secret: Option<KeyRef>,
    pub(crate) policy: PathBuf,
    #[serde(default, skip_serializing_if = "S3::is_default")]
    pub(crate) s3: S3,
    #[serde(default, skip_serializing_if = "Privacy::is_default")]
    pub(crate) privacy: Privacy,
    #[serde(default, skip_serializing_if = "Check::is_default")]
    pub(crate) check: Check,
}

/// What becomes of private things in events that `record` and `import` store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Privacy {
    /// As `--redaction`, which wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redaction: Option<Redaction>,
    /// As `--declare-label`; both count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) declared_labels: Vec<String>,
    /// Pseudonyms of people and sessions under the log secret.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) pseudonyms: bool,
    /// What is kept of contents attached to events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<ContentAs>,
    /// What becomes of addresses, if not what goes with the redaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<AddressAs>,
}

impl Privacy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What is kept of contents attached to events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ContentAs {
    None,
    Digest,
    Store,
}

/// What becomes of `source.address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AddressAs {
    Keep,
    Network,
    Pseudonym,
}

/// What `dayseal check` looks at, besides the roots and the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Check {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) schedules: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) regions: Vec<String>,
}

impl Check {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How to reach S3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct S3 {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(default)]
    pub(crate) path_style: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
}

impl S3 {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Flags over environment over file.
#[derive(Debug)]
pub(crate) struct Config<'a> {
    pub(crate) args: &'a Args,
    file: Option<(PathBuf, File)>,
    pub(crate) aws: Aws,
}

impl<'a> Config<'a> {
    pub(crate) fn load(args: &'a Args) -> anyhow::Result<Self> {
        let path = config_path(args);
        let aws = Aws::default();
        let Some(path) = path else { return Ok(Self { args, file: None, aws }) };
        let text = std::fs::read_to_string(&path).map_err(|e| {
            UsageError(format!("cannot read the configuration {}: {e}", path.display()))
        })?;
        let file = toml::from_str(&text).map_err(|e| {
            UsageError(format!("the configuration {} is not valid: {e}", path.display()))
        })?;
        let base = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { args, file: Some((base, file)), aws })
    }

    /// The file, for commands that cannot do without.
    pub(crate) fn file(&self) -> Result<&File, UsageError> {
        let missing = || {
            UsageError(format!(
                "no configuration: give --config FILE, or run in the directory that `dayseal init` made ({FILE})"
            ))
        };
        self.file.as_ref().map(|(_, file)| file).ok_or_else(missing)
    }

    pub(crate) fn settings(&self) -> Result<LogSettings, UsageError> {
        let file = self.file()?;
        Ok(LogSettings {
            origin: file.origin.clone(),
            first_day: file.first_day,
            retention_days: file.retention_days,
            late_days: file.late_days,
        })
    }

    pub(crate) fn late_days(&self) -> u16 {
        self.file.as_ref().map_or(LogSettings::DEFAULT_LATE_DAYS, |(_, f)| f.late_days)
    }

    pub(crate) fn grace_ms(&self, minutes: Option<u32>) -> i64 {
        let configured = self.file.as_ref().and_then(|(_, f)| f.grace_minutes);
        i64::from(minutes.or(configured).unwrap_or(DEFAULT_GRACE)) * 60_000
    }

    /// The time: the system's, or the one given for demonstrations and tests.
    pub(crate) fn now(&self) -> anyhow::Result<UnixMillis> {
        now(self.args)
    }

    /// The file if there is one, and the directory that its paths are relative to.
    pub(crate) fn based_file(&self) -> Option<(&Path, &File)> {
        self.file.as_ref().map(|(base, file)| (base.as_path(), file))
    }

    /// A path of the file, relative to it.
    fn resolve(&self, path: &Path) -> PathBuf {
        self.file.as_ref().map_or(path.to_owned(), |(base, _)| base.join(path))
    }

    fn root(&self, url: &str) -> String {
        if url.contains("://") {
            url.to_owned()
        } else {
            self.resolve(Path::new(url)).display().to_string()
        }
    }

    pub(crate) fn options(&self) -> OpenOptions {
        let file = self.file.as_ref().map(|(_, f)| f.s3.clone()).unwrap_or_default();
        s3_options(self.args, file)
    }

    pub(crate) async fn evidence(&self) -> anyhow::Result<Arc<dyn Store>> {
        let url = match (&self.args.evidence, &self.file) {
            (Some(url), _) => url.clone(),
            (None, Some((_, file))) => self.root(&file.evidence),
            (None, None) => {
                return Err(
                    UsageError("which log? give --evidence URL or --config FILE".into()).into()
                );
            }
        };
        Ok(dayseal_store::open(&url, &self.options()).await?)
    }

    /// The evidence root for a producer, which needs no right but to create objects.
    pub(crate) async fn evidence_for_writing(&self) -> anyhow::Result<Arc<dyn Store>> {
        let url = self.args.evidence.clone();
        let url = url.map_or_else(|| self.file().map(|f| self.root(&f.evidence)), Ok)?;
        let options = OpenOptions { check_versioning: false, ..self.options() };
        Ok(dayseal_store::open(&url, &options).await?)
    }

    pub(crate) async fn state(&self) -> anyhow::Result<Option<Arc<dyn Store>>> {
        let url = match (&self.args.state, &self.file) {
            (Some(url), _) => url.clone(),
            // Another log's evidence does not go with this file's state.
            (None, Some((_, file))) if self.args.evidence.is_none() => self.root(&file.state),
            _ => return Ok(None),
        };
        Ok(Some(dayseal_store::open(&url, &self.options()).await?))
    }

    /// Days that contents are kept, if the configuration says.
    pub(crate) fn content_days(&self) -> Option<u32> {
        self.file.as_ref().and_then(|(_, file)| file.content_days)
    }

    /// Whether the life of contents of `day` is over, as far as the configuration says.
    pub(crate) fn content_expired(&self, day: Day) -> bool {
        let days = self.content_days();
        let today = self.now().map(UnixMillis::day);
        matches!((days, today), (Some(days), Ok(today)) if dayseal_chain::content::is_expired(day, days, today))
    }

    /// Where the content root is, if the log has one.
    pub(crate) fn content_url(&self) -> Option<String> {
        let configured = match &self.file {
            Some((_, file)) if self.args.evidence.is_none() => {
                file.content.as_deref().map(|url| self.root(url))
            }
            _ => None,
        };
        self.args.content_root.clone().or(configured)
    }

    /// The content root, if the log has one.
    pub(crate) async fn content(&self) -> anyhow::Result<Option<Arc<dyn Store>>> {
        let Some(url) = self.content_url() else { return Ok(None) };
        let options = OpenOptions { check_versioning: false, ..self.options() };
        Ok(Some(dayseal_store::open(&url, &options).await?))
    }

    /// The content root of a log that must have one.
    pub(crate) async fn needed_content(&self) -> anyhow::Result<Arc<dyn Store>> {
        let missing = || {
            UsageError(
                "no content root: give --content-root URL, or `content` in the configuration"
                    .into(),
            )
        };
        Ok(self.content().await?.ok_or_else(missing)?)
    }

    pub(crate) fn policy_path(&self) -> Option<PathBuf> {
        match (&self.args.policy, &self.file) {
            (Some(path), _) => Some(path.clone()),
            (None, Some((_, file))) => Some(self.resolve(&file.policy)),
            (None, None) => None,
        }
    }

    pub(crate) fn policy(&self) -> anyhow::Result<Option<Policy>> {
        let Some(path) = self.policy_path() else { return Ok(None) };
        if self.args.policy.is_none() && !path.exists() {
            return Ok(None);
        }
        read_policy(&path).map(Some)
    }

    /// The log that is meant: the policy's, or else the configuration's.
    pub(crate) fn origin(&self) -> anyhow::Result<Option<Origin>> {
        let configured = || self.file.as_ref().map(|(_, f)| f.origin.clone());
        Ok(self.policy()?.map(|p| p.origin).or_else(configured))
    }
}

/// The configuration file, if there is one.
pub(crate) fn config_path(args: &Args) -> Option<PathBuf> {
    match &args.config {
        Some(path) => Some(path.clone()),
        None => Some(PathBuf::from(FILE)).filter(|p| p.exists()),
    }
}

pub(crate) fn s3_options(args: &Args, file: S3) -> OpenOptions {
    OpenOptions {
        endpoint: args.s3_endpoint.clone().or(file.endpoint),
        path_style: args.s3_path_style || file.path_style,
        region: args.s3_region.clone().or(file.region),
        ..OpenOptions::default()
    }
}

pub(crate) fn read_policy(path: &Path) -> anyhow::Result<Policy> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| UsageError(format!("cannot read the policy {}: {e}", path.display())))?;
    let parsed = text.parse::<Policy>();
    Ok(parsed
        .map_err(|e| UsageError(format!("the policy {} is not valid: {e}", path.display())))?)
}

pub(crate) fn now(args: &Args) -> anyhow::Result<UnixMillis> {
    if let Some(now) = args.now {
        return Ok(now);
    }
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(UnixMillis::new(i64::try_from(ms.as_millis())?)?)
}
