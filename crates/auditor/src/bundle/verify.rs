//! Checking a bundle, without the log.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use dayseal_chain::days::SealedDays;
use dayseal_chain::verify::{
    Finding, FindingCode as Code, HeadInfo, Outcome, Silent, VerifyOptions,
};
use dayseal_chain::{Verifier, VerifyError};
use dayseal_format::batch::{MAX_ENTRY_LEN, leaf_of};
use dayseal_format::event::{Event, EventError};
use dayseal_format::merkle::Frontier;
use dayseal_format::record::{BatchRecord, Record};
use dayseal_format::removal::Removal;
use dayseal_format::statement::MAX_STATEMENT;
use dayseal_format::{BatchKey, Day, Digest, Level, Policy, UnixMillis};
use dayseal_store::{DirectoryStore, StoreError};

use super::sums::{Sums, decode, digest_of, open, walk};
use super::{About, BUNDLE_JSON, EVIDENCE, MAX_BUNDLE_JSON, SUMS, Show, entries_file, order_file};

/// Longest `SHA256SUMS` read: three files for each day of a century.
const MAX_SUMS: u64 = 32 << 20;
/// Longest line of entries: salt, space, entry, LF.
const MAX_LINE: u64 = 32 + 1 + MAX_ENTRY_LEN as u64 + 1;
/// Findings reported; the rest are counted.
const MAX_FINDINGS: usize = 1_000;

/// What a bundle was found to be.
#[derive(Clone, Debug, serde::Serialize)]
pub struct BundleReport {
    /// Version of this structure, 1.
    pub v: u8,
    /// What the bundle says of itself, if it is one.
    pub about: Option<About>,
    /// The last checkpoint in it: to be compared with the log's, or with a head that one remembers.
    pub head: Option<HeadInfo>,
    /// Days whose entries were checked.
    pub days: u64,
    /// Batches that lead to their sealed root.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// Batches that had expired.
    pub expired: u64,
    /// Batches gone by an order that an officer of the policy signed.
    pub removed: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Findings beyond those listed.
    pub more_findings: u64,
    /// As of `verify`: 0, or of several the first of 1, 5, 4, 3.
    pub exit_code: u8,
}

/// Checks a bundle under the verifier's own policy.
///
/// Memory is flat, however long a day is. Reads files in the calling task.
///
/// # Errors
/// [`VerifyError`] if the directory cannot be read. What is wrong with the bundle is in the report.
pub async fn verify_bundle(
    top: &Path,
    policy: &Policy,
    now: UnixMillis,
) -> Result<BundleReport, VerifyError> {
    let mut check = Check { top, policy, now, report: BundleReport::empty() };
    if let Some(about) = check.about() {
        check.files();
        check.days(&about).await?;
        check.report.about = Some(about);
    }
    Ok(check.finish())
}

impl BundleReport {
    fn empty() -> Self {
        Self {
            v: 1,
            about: None,
            head: None,
            days: 0,
            batches: 0,
            entries: 0,
            expired: 0,
            removed: 0,
            findings: Vec::new(),
            more_findings: 0,
            exit_code: 0,
        }
    }
}

struct Check<'a> {
    top: &'a Path,
    policy: &'a Policy,
    now: UnixMillis,
    report: BundleReport,
}

impl Check<'_> {
    fn find(&mut self, code: Code, day: Option<Day>, object: &str, detail: impl Into<String>) {
        self.take(Finding::new(code, day, object, detail));
    }

    fn take(&mut self, finding: Finding) {
        let r = &mut self.report;
        if self.policy.known_findings.contains_key(&finding.id) {
            return;
        }
        if r.findings.len() < MAX_FINDINGS {
            r.findings.push(finding);
        } else {
            r.more_findings += 1;
        }
    }

    fn finish(mut self) -> BundleReport {
        let outcomes = self.report.findings.iter().map(|f| f.code.outcome());
        self.report.exit_code = outcomes.min().map_or(0, Outcome::exit_code);
        self.report
    }

    /// A small file; `None` with a finding if it is not there or not readable.
    fn small(&mut self, name: &str, most: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let read =
            open(&self.top.join(name)).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 <= most => return Some(bytes),
            Ok(_) => {
                self.find(Code::AlteredObject, None, name, format!("longer than {most} bytes"))
            }
            Err(e) => self.unread(None, name, &e),
        }
        None
    }

    fn unread(&mut self, day: Option<Day>, name: &str, error: &io::Error) {
        let code = match error.kind() {
            io::ErrorKind::NotFound => Code::MissingObject,
            _ => Code::Unreadable,
        };
        self.find(code, day, name, error.to_string());
    }

    fn about(&mut self) -> Option<About> {
        let bytes = self.small(BUNDLE_JSON, MAX_BUNDLE_JSON)?;
        #[derive(serde::Deserialize)]
        struct Version {
            v: u64,
        }
        if let Ok(Version { v }) = serde_json::from_slice(&bytes)
            && v != 1
        {
            let detail = format!("a bundle of version {v}: a newer dayseal may read it");
            self.find(Code::Unreadable, None, BUNDLE_JSON, detail);
            return None;
        }
        let about = serde_json::from_slice::<About>(&bytes).ok().filter(|about| {
            about.encode() == bytes && about.first <= about.last && about.made_by.len() <= 256
        });
        let Some(about) = about else {
            self.find(Code::AlteredObject, None, BUNDLE_JSON, "not the description of a bundle");
            return None;
        };
        if about.origin != self.policy.origin {
            let detail =
                format!("expected the policy's log {}, found {}", self.policy.origin, about.origin);
            self.find(Code::AlteredObject, None, BUNDLE_JSON, detail);
            return None;
        }
        Some(about)
    }

    /// Every file and its digest.
    fn files(&mut self) {
        let Some(text) = self.small(SUMS, MAX_SUMS) else { return };
        let Some(sums) = String::from_utf8(text).ok().as_deref().and_then(decode) else {
            self.find(Code::AlteredObject, None, SUMS, "not a list of digests and paths in order");
            return;
        };
        let (files, others) = match walk(self.top) {
            Ok(found) => found,
            Err(e) => return self.unread(None, ".", &e),
        };
        for name in others {
            self.find(Code::UnlistedObject, None, &name, "neither a file nor a directory");
        }
        for name in files.iter().filter(|n| *n != SUMS) {
            match sums.get(name) {
                None => self.find(Code::UnlistedObject, None, name, format!("not in {SUMS}")),
                Some(expected) => self.digest(name, expected),
            }
        }
        self.missing(&sums, &files);
    }

    fn digest(&mut self, name: &str, expected: &Digest) {
        match digest_of(&self.top.join(name)) {
            Ok(found) if found == *expected => {}
            Ok(found) => {
                let detail = format!("expected SHA-256 {expected}, found {found}");
                self.find(Code::AlteredObject, None, name, detail);
            }
            Err(e) => self.unread(None, name, &e),
        }
    }

    fn missing(&mut self, sums: &Sums, files: &[String]) {
        let absent = sums.keys().filter(|name| files.binary_search(name).is_err());
        for name in absent {
            self.find(Code::MissingObject, None, name, format!("in {SUMS}, and not there"));
        }
    }

    /// The chain under the policy, and the entries of each day.
    async fn days(&mut self, about: &About) -> Result<(), VerifyError> {
        let evidence = match DirectoryStore::open(self.top.join(EVIDENCE)) {
            Ok(evidence) => evidence,
            Err(e) => return self.no_evidence(e),
        };
        let mut options = VerifyOptions::new(Level::Chain, self.now);
        (options.first, options.last) = (Some(about.first), Some(about.last));
        let verifier = Verifier::new(&evidence, None, Some(self.policy), None, options).await?;
        let chain = verifier.run(&Silent).await?;
        if chain.first != Some(about.first) {
            let detail = format!("the policy's first day is {}", self.policy.first_day);
            self.find(Code::Unreadable, Some(about.first), BUNDLE_JSON, detail);
        }
        self.report.head = chain.head;
        chain.findings.into_iter().for_each(|finding| self.take(finding));
        self.report.more_findings += chain.more_findings;
        let sealed = SealedDays::new(&evidence, &self.policy.origin, &self.policy.verifier_keys);
        for day in about.first.through(about.last) {
            self.day(&sealed, day, about.entries).await;
        }
        Ok(())
    }

    fn no_evidence(&mut self, error: StoreError) -> Result<(), VerifyError> {
        self.find(Code::MissingObject, None, EVIDENCE, error.to_string());
        Ok(())
    }

    async fn day(&mut self, sealed: &SealedDays<'_>, day: Day, show: Show) {
        let name = entries_file(day);
        let file = match open(&self.top.join(&name)) {
            Ok(file) => file,
            Err(e) => return self.unread(Some(day), &name, &e),
        };
        let mut entries = Entries {
            name: &name,
            day,
            show,
            reader: BufReader::with_capacity(256 * 1024, file),
            line: Vec::new(),
            found: Vec::new(),
            broken: false,
            batches: 0,
            entries: 0,
            expired: Vec::new(),
            removed: Vec::new(),
        };
        let read = sealed.read(day, |_, record| {
            if let Record::Batch(batch) = record
                && !entries.broken
            {
                entries.block(batch);
            }
        });
        let read = read.await;
        entries.end();
        let Entries { found, batches, entries, expired, removed, .. } = entries;
        match read {
            Ok(Some(read)) => {
                let keep_until = read.manifest.day.keep_until;
                self.report.days += 1;
                self.report.batches += batches;
                self.report.entries += entries;
                self.report.expired += expired.len() as u64;
                found.into_iter().for_each(|finding| self.take(finding));
                removed.iter().for_each(|key| self.order(day, key));
                if self.now.day() <= keep_until {
                    for key in expired {
                        let detail = format!("said to have expired, and kept until {keep_until}");
                        self.find(Code::MissingObject, Some(day), &key, detail);
                    }
                }
            }
            Ok(None) => {
                let detail = "the bundle has no manifest of the day";
                self.find(Code::MissingManifest, Some(day), &name, detail);
            }
            Err(e) => {
                let detail = format!("not checked, since the day does not hold: {e}");
                self.find(Code::Unreadable, Some(day), &name, detail);
            }
        }
    }

    /// That an officer of the policy ordered a batch away.
    fn order(&mut self, day: Day, batch: &BatchKey) {
        let Some(note) = self.small(&order_file(batch), MAX_STATEMENT as u64) else { return };
        let policy = self.policy;
        match Removal::open(&note, &policy.origin, &policy.officers) {
            Ok((order, _)) if order.object == *batch => self.report.removed += 1,
            Ok((order, _)) => {
                let detail = format!("its order is about {}", order.object);
                self.find(Code::UnapprovedRemoval, Some(day), &batch.to_string(), detail);
            }
            Err(e) => {
                let detail = format!("its order does not count: {e}");
                self.find(Code::UnapprovedRemoval, Some(day), &batch.to_string(), detail);
            }
        }
    }
}

/// The blocks of a day, in step with its manifest.
struct Entries<'a> {
    name: &'a str,
    day: Day,
    show: Show,
    reader: BufReader<File>,
    line: Vec<u8>,
    found: Vec<Finding>,
    /// The place is lost: what follows cannot be told apart.
    broken: bool,
    batches: u64,
    entries: u64,
    expired: Vec<String>,
    removed: Vec<BatchKey>,
}

impl Entries<'_> {
    fn find(&mut self, code: Code, object: impl Into<String>, detail: impl Into<String>) {
        if self.found.len() <= MAX_FINDINGS {
            self.found.push(Finding::new(code, self.day, object, detail));
        }
    }

    fn breaks(&mut self, detail: String) {
        let name = self.name.to_owned();
        self.find(Code::AlteredObject, name, detail);
        self.broken = true;
    }

    /// The next line without its LF, into `self.line`; false at the end or where there is none.
    fn next(&mut self) -> bool {
        self.line.clear();
        let read = (&mut self.reader).take(MAX_LINE).read_until(b'\n', &mut self.line);
        match read {
            Ok(0) => false,
            Ok(_) if self.line.pop() == Some(b'\n') => true,
            Ok(_) => {
                self.breaks("a line that is too long or has no end".into());
                false
            }
            Err(e) => {
                let name = self.name.to_owned();
                self.find(Code::Unreadable, name, e.to_string());
                self.broken = true;
                false
            }
        }
    }

    fn block(&mut self, batch: &BatchRecord) {
        let key = batch.key.to_string();
        if !self.next() {
            if !self.broken {
                self.breaks(format!("ends before {key}"));
            }
            return;
        }
        if self.line == format!("batch {key}").as_bytes() {
            return self.leaves(batch, key);
        }
        let absent = self.line.strip_prefix(format!("absent {key} ").as_bytes());
        match absent {
            Some(b"expired") => self.expired.push(key),
            Some(b"removed") => self.removed.push(batch.key),
            Some(b"missing") => {
                self.find(Code::MissingObject, key, "was missing when the bundle was made");
            }
            Some(b"unreadable") => {
                self.find(Code::Unreadable, key, "could not be opened when the bundle was made");
            }
            _ => self.breaks(format!("expected the block of {key}, found another line")),
        }
    }

    fn leaves(&mut self, batch: &BatchRecord, key: String) {
        let mut tree = Frontier::new();
        for index in 0..batch.entries {
            if !self.next() {
                if !self.broken {
                    self.breaks(format!("ends in the block of {key}, at entry {index}"));
                }
                return;
            }
            match self.leaf(batch, &key, index) {
                Some(leaf) => tree.push(leaf),
                None => {
                    return self
                        .breaks(format!("entry {index} of {key} is not written as it must be"));
                }
            }
        }
        let found = tree.root();
        if found == batch.root {
            self.batches += 1;
            self.entries += u64::from(batch.entries);
        } else {
            let detail = format!(
                "expected entries that lead to the sealed root {}, found {found}",
                batch.root
            );
            self.find(Code::AlteredObject, key, detail);
        }
    }

    /// The leaf of a line; `None` if it has not the form of one.
    fn leaf(&mut self, batch: &BatchRecord, key: &str, index: u32) -> Option<Digest> {
        if self.show == Show::Digests {
            return std::str::from_utf8(&self.line).ok()?.parse().ok();
        }
        let (salt, rest) = self.line.split_at_checked(32)?;
        let entry = rest.strip_prefix(b" ").filter(|e| !e.is_empty())?;
        let mut bytes = [0; 16];
        hex::decode_to_slice(salt, &mut bytes).ok()?;
        // One spelling.
        if salt.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let leaf = leaf_of(&bytes, entry);
        let times = batch.first_time..=batch.last_time;
        let bad = match Event::decode(entry) {
            Ok(event) if times.contains(&event.time) => None,
            Ok(event) => {
                let detail =
                    format!("entry {index}: its time {} is outside its batch's", event.time);
                Some((Code::HeaderMismatch, detail))
            }
            Err(e @ EventError::Version { .. }) => {
                Some((Code::Unreadable, format!("entry {index}: {e}")))
            }
            Err(e) => Some((Code::BadEntry, format!("entry {index}: {e}"))),
        };
        if let Some((code, detail)) = bad {
            self.find(code, key, detail);
        }
        Some(leaf)
    }

    fn end(&mut self) {
        if !self.broken && self.next() {
            self.breaks("has lines behind the last batch of its manifest".into());
        }
    }
}
