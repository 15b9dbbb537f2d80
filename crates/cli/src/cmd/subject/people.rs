//! Whom it is about, and who orders it.

use std::sync::Arc;

use dayseal_auditor::subject::Names;
use dayseal_format::event::EventId;
use dayseal_format::{OfficerName, Origin, UnixMillis};
use dayseal_keys::aws::open_signer;
use dayseal_keys::{Signer, random};

use crate::args::Order;
use crate::config::Config;
use crate::exit::UsageError;

/// The names of one person, by ids and pseudonyms.
pub(crate) async fn names(
    config: &Config<'_>,
    ids: &[String],
    tenants: &[String],
) -> anyhow::Result<Names> {
    if ids.is_empty() {
        return Err(UsageError("whom? give the person's id".into()).into());
    }
    if let Some(other) = ids.iter().find(|id| {
        id.starts_with("p1:") && !["p1:subject:", "p1:actor:"].iter().any(|p| id.starts_with(p))
    }) {
        let text =
            format!("{other} is not a person's pseudonym: expected p1:subject:… or p1:actor:…");
        return Err(UsageError(text).into());
    }
    let file = config.file()?;
    let origin = &file.origin;
    let real = ids.iter().any(|id| !id.starts_with("p1:"));
    let secrets = if real { config.log_secrets(origin).await? } else { Vec::new() };
    if real && file.privacy.pseudonyms && secrets.is_empty() {
        let text = "this log has pseudonyms, and there is no log secret here to make the person's: name the file or secret that holds it as `log_secret`, or give the pseudonym (p1:subject:…)";
        return Err(UsageError(text.into()).into());
    }
    let default = ["default".to_owned()];
    let tenants = if tenants.is_empty() { &default } else { tenants };
    let mut names = Names::default();
    for id in ids {
        names.extend(Names::new(id, origin, &secrets, tenants));
        if !file.privacy.pseudonyms {
            // Others may write into this log with pseudonyms; these commands would not.
            names.extend(Names::new(id, origin, &[], tenants));
        }
    }
    Ok(names)
}

/// An officer and their key.
pub(crate) struct Signing {
    pub(crate) name: String,
    pub(crate) signer: Option<Arc<dyn Signer>>,
}

impl Signing {
    /// The officer of the flags; without one, the service that runs the command.
    pub(crate) async fn open(config: &Config<'_>, own: &Order) -> anyhow::Result<Self> {
        let file = config.file()?;
        let Some(name) = &own.officer else {
            return Ok(Self { name: file.service.to_string(), signer: None });
        };
        let officer =
            OfficerName::new(&file.origin, name).map_err(|e| UsageError(e.to_string()))?;
        let signer = match &own.sign_with {
            None => None,
            Some(key) => Some(open_signer(&config.aws, key, &officer.key_name()).await?),
        };
        if let (Some(signer), Some(policy)) = (&signer, config.policy()?)
            && !policy.officers.contains(signer.verifier_key())
        {
            let text = format!(
                "the policy has no line `officer {}`: what this key signs would not count",
                signer.verifier_key()
            );
            return Err(UsageError(text).into());
        }
        Ok(Self { name: name.clone(), signer })
    }

    /// The key of who must sign.
    pub(crate) fn needed(&self) -> anyhow::Result<&dyn Signer> {
        let text = "an officer signs this: give --officer NAME and --sign-with KEY";
        Ok(self.signer.as_deref().ok_or_else(|| UsageError(text.into()))?)
    }
}

/// The id of an entry that is to be recorded, chosen before it is.
pub(crate) fn random_id(now: UnixMillis) -> anyhow::Result<EventId> {
    Ok(EventId::from_parts(now, random()?))
}

/// The officers of the policy; none without one.
pub(crate) fn officers(config: &Config<'_>) -> anyhow::Result<Vec<dayseal_format::VerifierKey>> {
    Ok(config.policy()?.map(|policy| policy.officers).unwrap_or_default())
}

/// The log's name.
pub(crate) fn origin<'a>(config: &'a Config<'_>) -> anyhow::Result<&'a Origin> {
    Ok(&config.file()?.origin)
}
