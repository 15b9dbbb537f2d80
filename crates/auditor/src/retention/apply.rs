//! The lifecycle of a log in a directory: takes what the rules of a bucket would take.
//!
//! Oldest day first; within a day objects, then manifest, then checkpoint: whatever stops a run, the
//! next one goes on, and at no time is there an object whose manifest went before it.

use std::collections::{BTreeMap, BTreeSet};

use dayseal_chain::SealError;
use dayseal_chain::expiry::{CHAIN_DAYS, chain_kept_from, signed_day};
use dayseal_format::index::index_key;
use dayseal_format::names::{checkpoint_key, entries_prefix, manifest_key};
use dayseal_format::{Day, Policy};
use dayseal_store::{DirectoryStore, ErrorKind, Store};
use serde::Serialize;

use super::stock::{self, Stock, day_below, each_object};
use super::{Held, RetentionError, Rules};

/// What content keys begin with.
const CONTENT: &str = "content/";

/// The directories that a run works on.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// The evidence root.
    pub evidence: &'a DirectoryStore,
    /// The content root, if the log has one.
    pub content: Option<&'a DirectoryStore>,
    /// The state root, if it is one: the indexes of days go with their entries.
    pub state: Option<&'a DirectoryStore>,
}

/// What a run took, or would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Version of this structure, 1.
    pub v: u8,
    /// Nothing was removed: what would be is told.
    pub dry_run: bool,
    /// Days of which something was taken or held, oldest first.
    pub days: Vec<AppliedDay>,
    /// Content.
    pub content: Swept,
    /// What should have gone and was left, and why.
    pub left: Vec<Left>,
}

/// What was taken of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AppliedDay {
    /// The day.
    pub day: Day,
    /// Its objects.
    #[serde(flatten)]
    pub entries: Swept,
    /// Its manifest was taken.
    pub manifest: bool,
    /// Its checkpoint was taken.
    pub checkpoint: bool,
    /// Its index was taken.
    pub index: bool,
}

/// Objects taken and held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Objects taken.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects past their time that are held.
    pub held: u64,
}

/// Something that stays, though its time seems to be over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// A day, or an object.
    pub object: String,
    /// Why, and what to do.
    pub why: String,
}

/// Takes what has expired on `today`. Trusts the policy and what a key of it signed: a day whose record is not
/// signed stays, and so does one that would go below the policy's floor.
///
/// # Errors
/// [`RetentionError`] if a directory cannot be read or written; what was taken until then stays taken, and running
/// again goes on.
pub async fn apply(
    roots: Roots<'_>,
    policy: &Policy,
    rules: &Rules,
    today: Day,
    held: Held<'_>,
    dry_run: bool,
) -> Result<Applied, RetentionError> {
    let stock = stock::take(roots.evidence, held).await?;
    let chain_from = chain_from(roots.evidence, policy, rules, &stock, today).await?;
    let mut applied =
        Applied { v: 1, dry_run, days: Vec::new(), content: Swept::default(), left: Vec::new() };
    for (&day, stock) in &stock {
        let chain_over = chain_from.is_some_and(|from| day < from);
        match over(roots.evidence, policy, rules, day, stock, today, chain_over).await? {
            Over::No => continue,
            Over::Left(why) => applied.left.push(Left { object: day.to_string(), why }),
            Over::Yes => {
                let sweep = Sweep { store: roots.evidence, held, dry_run };
                let entries =
                    sweep.below(&entries_prefix(day), |_| Some(day), &mut applied.left).await?;
                let mut done =
                    AppliedDay { day, entries, manifest: false, checkpoint: false, index: false };
                if let Some(state) = roots.state.filter(|_| entries.held == 0) {
                    done.index = Sweep { store: state, held, dry_run }.index(day).await?;
                }
                let (manifest, checkpoint) = (manifest_key(day), checkpoint_key(day));
                // A manifest whose objects are held is held with them: it is what proves them.
                if chain_over && entries.held == 0 && !held(&manifest, day) {
                    done.manifest = stock.manifest && sweep.one(&manifest).await?;
                    done.checkpoint = stock.checkpoint && sweep.one(&checkpoint).await?;
                }
                let chain = done.manifest || done.checkpoint;
                if entries != Swept::default() || chain || done.index {
                    applied.days.push(done);
                }
            }
        }
    }
    if let Some(content) = roots.content {
        let sweep = Sweep { store: content, held, dry_run };
        let gone =
            |key: &str| day_below(key, CONTENT).filter(|day| rules.content_gone(*day) <= today);
        applied.content = sweep.below(CONTENT, gone, &mut applied.left).await?;
    }
    Ok(applied)
}

/// The oldest day whose manifest and checkpoint stay: what a verifier asks for, a margin ago.
async fn chain_from(
    evidence: &dyn Store,
    policy: &Policy,
    rules: &Rules,
    stock: &BTreeMap<Day, Stock>,
    today: Day,
) -> Result<Option<Day>, RetentionError> {
    let Some(then) = today.checked_add(-i32::from(rules.margin_days)) else { return Ok(None) };
    let both = stock.iter().filter(|(_, s)| s.manifest && s.checkpoint).map(|(day, _)| *day);
    let keys = &policy.verifier_keys;
    let stated = chain_kept_from(evidence, &policy.origin, keys, both, then).await?;
    let asked = i32::try_from(policy.retention_floor)
        .ok()
        .and_then(|floor| then.checked_add(-floor)?.checked_add(-i32::from(CHAIN_DAYS)));
    Ok(stated.zip(asked).map(|(stated, asked)| stated.min(asked)))
}

enum Over {
    No,
    Yes,
    Left(String),
}

/// Whether the rule takes the entries of a day.
async fn over(
    evidence: &DirectoryStore,
    policy: &Policy,
    rules: &Rules,
    day: Day,
    stock: &Stock,
    today: Day,
    chain_over: bool,
) -> Result<Over, RetentionError> {
    if !stock.manifest || !stock.checkpoint {
        // Not sealed yet, or half gone: only what the chain says behind it lets it go.
        return Ok(if chain_over { Over::Yes } else { Over::No });
    }
    let stated = match stock::stated(evidence, day).await {
        Ok(Some(stated)) => stated,
        Ok(None) => return Ok(Over::No),
        Err(RetentionError::Manifest { reason, .. }) => return Ok(Over::Left(reason)),
        Err(e) => return Err(e),
    };
    if rules.entries_gone(stated.keep_until) > today {
        return Ok(Over::No);
    }
    // Only now the whole manifest is read: what takes evidence away must be signed.
    let signed = match signed_day(evidence, &policy.origin, &policy.verifier_keys, day).await {
        Ok(signed) => signed,
        Err(SealError::Store(e)) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
        Err(e) => return Ok(Over::Left(e.to_string())),
    };
    let Some(signed) = signed else {
        let why = "its manifest is not the one that was signed: run `dayseal verify`";
        return Ok(Over::Left(why.into()));
    };
    let kept = i64::from(signed.keep_until.days_since(day));
    if kept < i64::from(policy.retention_floor) {
        let floor = policy.retention_floor;
        let why = format!("it says it is kept for {kept} days, the policy's floor is {floor}");
        return Ok(Over::Left(why));
    }
    Ok(if rules.entries_gone(signed.keep_until) > today { Over::No } else { Over::Yes })
}

struct Sweep<'a> {
    store: &'a DirectoryStore,
    held: Held<'a>,
    dry_run: bool,
}

impl Sweep<'_> {
    /// Takes every object below a prefix of which `gone` says a day.
    async fn below(
        &self,
        prefix: &str,
        gone: impl Fn(&str) -> Option<Day>,
        left: &mut Vec<Left>,
    ) -> Result<Swept, RetentionError> {
        let mut swept = Swept::default();
        let mut found = BTreeSet::new();
        each_object(self.store, prefix, |key, length| {
            if let Some(day) = gone(key) {
                if (self.held)(key, day) {
                    swept.held += 1;
                } else {
                    found.insert((key.to_owned(), length));
                }
            }
        })
        .await?;
        for (key, length) in found {
            match self.one(&key).await {
                Ok(true) => {
                    swept.objects += 1;
                    swept.bytes += length;
                }
                Ok(false) => {}
                // Names that dayseal never writes, in a place where strangers can.
                Err(RetentionError::Store(e)) if e.kind() == ErrorKind::Configuration => {
                    left.push(Left { object: key, why: e.to_string() });
                }
                Err(e) => return Err(e),
            }
        }
        Ok(swept)
    }

    /// Takes a day's index, if it has one.
    async fn index(&self, day: Day) -> Result<bool, RetentionError> {
        let key = index_key(day);
        match self.store.head(&key, None).await {
            Ok(_) => self.one(&key).await,
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    async fn one(&self, key: &str) -> Result<bool, RetentionError> {
        if self.dry_run { Ok(true) } else { Ok(self.store.remove(key).await?) }
    }
}
