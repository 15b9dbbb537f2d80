//! Opening the log for `record` and `import`.

use std::sync::Arc;

use anyhow::Context as _;
use dayseal::privacy::{Address, Labels, Pseudonyms, Settings};
use dayseal::{AuditLog, Builder, Clock, ContentMode, Limits, SystemClock, UnixMillis};
use dayseal_format::Origin;

use crate::args::{Args, Recording, Redaction};
use crate::config::{AddressAs, Config, ContentAs};
use crate::exit::UsageError;

/// The time given for demonstrations and tests.
#[derive(Debug)]
struct FixedClock(UnixMillis);

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

/// The log that the configuration names. It writes no events of its own: a command is no service.
pub(crate) async fn open_log(
    args: &Args,
    config: &Config<'_>,
    own: &Recording,
    privacy: Settings,
) -> anyhow::Result<AuditLog> {
    let file = config.file()?;
    let clock: Arc<dyn Clock> = match args.now {
        Some(now) => Arc::new(FixedClock(now)),
        None => Arc::new(SystemClock),
    };
    let service = own.service.clone().unwrap_or_else(|| file.service.clone());
    let mut builder = AuditLog::builder(file.origin.clone(), service)
        .store(config.evidence_for_writing().await?)
        .keys(config.source(&file.origin).await?)
        .limits(Limits { late_days: file.late_days, ..Limits::default() })
        .privacy(privacy)
        .lifecycle_events(false)
        .clock(clock);
    if let Some(mode) = file.privacy.content {
        builder = builder.content(match mode {
            ContentAs::None => ContentMode::None,
            ContentAs::Digest => ContentMode::Digest,
            ContentAs::Store => ContentMode::Store,
        });
        if mode == ContentAs::Store {
            builder = builder.content_store(config.needed_content().await?);
        }
    }
    if let Some(tenant) = &own.tenant {
        builder = builder.tenant(tenant);
    }
    if !file.privacy.pseudonyms {
        builder = with_hints(builder, config, &file.origin).await;
    }
    Ok(builder.open()?)
}

/// Hints under the log secret, if there is one: without them searches read more, and nothing else is lost.
async fn with_hints(builder: Builder, config: &Config<'_>, origin: &Origin) -> Builder {
    match config.open_log_secret(origin).await {
        Ok(Some(secret)) => builder.hints(&secret),
        Ok(None) => builder,
        Err(error) => {
            tracing::warn!("no hints in these batches: {error:#}");
            builder
        }
    }
}

/// The log, for entries that a command makes itself: names and times stay as they are, and no content
/// goes with them.
pub(crate) async fn open_plain_log(args: &Args, config: &Config<'_>) -> anyhow::Result<AuditLog> {
    let file = config.file()?;
    let clock: Arc<dyn Clock> = match args.now {
        Some(now) => Arc::new(FixedClock(now)),
        None => Arc::new(SystemClock),
    };
    let builder = AuditLog::builder(file.origin.clone(), file.service.clone())
        .store(config.evidence_for_writing().await?)
        .keys(config.source(&file.origin).await?)
        .limits(Limits { late_days: file.late_days, ..Limits::default() })
        .privacy(Settings::off())
        .lifecycle_events(false)
        .clock(clock);
    Ok(with_hints(builder, config, &file.origin).await.open()?)
}

/// What becomes of private things: flags over the configuration's `[privacy]`. Labels in `always` are declared
/// whatever is said.
pub(crate) async fn privacy(
    config: &Config<'_>,
    own: &Recording,
    always: &[&str],
) -> anyhow::Result<Settings> {
    let file = config.file()?;
    let table = &file.privacy;
    let redaction = own.redaction.or(table.redaction).unwrap_or_default();
    if redaction != Redaction::Strict && !own.declared.is_empty() {
        return Err(UsageError("--declare-label needs --redaction strict".into()).into());
    }
    if redaction != Redaction::Strict
        && own.redaction.is_none()
        && !table.declared_labels.is_empty()
    {
        let text = "`declared_labels` in [privacy] needs `redaction = \"strict\"`";
        return Err(UsageError(text.into()).into());
    }
    let mut settings = match redaction {
        Redaction::Off => Settings::off(),
        Redaction::Default => Settings::default(),
        Redaction::Strict => {
            let declared = own.declared.iter().chain(&table.declared_labels).map(String::as_str);
            Settings::default()
                .redaction(dayseal::privacy::Redaction::all())
                .labels(Labels::declared(declared.chain(always.iter().copied())))
        }
    };
    settings = match table.address {
        None => settings,
        Some(AddressAs::Keep) => settings.address(Address::Keep),
        Some(AddressAs::Network) => settings.address(Address::Network),
        Some(AddressAs::Pseudonym) if table.pseudonyms => settings.address(Address::Pseudonym),
        Some(AddressAs::Pseudonym) => {
            let text = "`address = \"pseudonym\"` in [privacy] needs `pseudonyms = true`";
            return Err(UsageError(text.into()).into());
        }
    };
    if table.content == Some(ContentAs::Store) && !table.pseudonyms {
        let text = "`content = \"store\"` in [privacy] needs `pseudonyms = true`: by them content is found when it is to be erased";
        return Err(UsageError(text.into()).into());
    }
    if table.pseudonyms {
        let secret = config.open_log_secret(&file.origin).await?;
        let secret = secret.context(
            "[privacy] asks for pseudonyms, and there is no log secret: name the file or secret that holds it as `log_secret`",
        )?;
        settings = settings.pseudonyms(Pseudonyms::new(&secret, &file.origin));
    }
    Ok(settings)
}
