//! A log so old that its first manifests are gone too: what may be gone is expired, all else is found.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_chain::verify::{FindingCode as Code, Silent};
use dayseal_chain::watch::{WatchOptions, WatchReport, Watcher};
use dayseal_chain::{LogSettings, Report, SealError, VerifyOptions};
use dayseal_format::names::{checkpoint_key, entries_prefix, manifest_key};
use dayseal_format::{Checkpoint, Day, Level};
use dayseal_store::{EntryKind, MemoryStore, Store};
use dayseal_testkit::{TestLog, day, keys_below, noon};

const FIRST: &str = "2024-01-01";
const RETENTION: i32 = 30;
/// Of the rules in `infra/`: entries expire so many days after their `keep_until`.
const MARGIN: i32 = 7;
/// And manifests so many days after entries.
const YEAR: i32 = 366;

/// The day `n` days after the first.
fn nth(n: i32) -> Day {
    day(FIRST).checked_add(n).unwrap()
}

/// A log whose lifecycle rules run every day, as those of `infra/` do.
struct Aging {
    log: TestLog,
    /// Days sealed.
    days: i32,
}

impl Aging {
    async fn new(retention: i32) -> Self {
        let settings = LogSettings { retention_days: retention as u32, ..TestLog::settings(FIRST) };
        let log = TestLog::with_settings(MemoryStore::new(), settings).await;
        Self { log, days: 0 }
    }

    async fn to(days: i32) -> Self {
        let mut aging = Self::new(RETENTION).await;
        aging.live(days).await;
        aging
    }

    /// So many more days: every fourth has a batch, every sixteenth one that comes a day late.
    async fn live(&mut self, days: i32) {
        for _ in 0..days {
            let n = self.days;
            self.lifecycle(n, RETENTION).await;
            let on = nth(n).to_string();
            if n % 4 == 0 {
                self.log.fill((n % 250) as u8, &on, 1).await;
            }
            if n % 16 == 1 {
                self.log.fill((n % 250) as u8, &nth(n - 1).to_string(), 1).await;
            }
            self.log.seal(&on).await.unwrap();
            self.days += 1;
        }
    }

    /// What the rules do on day `n`: a marker, a week later the version, two days later the marker.
    async fn lifecycle(&self, n: i32, retention: i32) {
        let over = n - retention - MARGIN - 1;
        for (age, act) in [(0, Act::Mark), (7, Act::Remove), (9, Act::Forget)] {
            if over - age >= 0 {
                for key in keys_below(&*self.log.evidence, &entries_prefix(nth(over - age))).await {
                    self.act(&key, act).await;
                }
            }
            if over - YEAR - age >= 0 {
                let gone = nth(over - YEAR - age);
                self.act(&manifest_key(gone), act).await;
                self.act(&checkpoint_key(gone), act).await;
            }
        }
    }

    async fn act(&self, key: &str, act: Act) {
        let evidence = &self.log.evidence;
        let listed = evidence.list(key, None).await.unwrap().entries;
        match act {
            Act::Mark => evidence.delete(key),
            Act::Remove | Act::Forget => {
                let kind =
                    if act == Act::Remove { EntryKind::Object } else { EntryKind::DeleteMarker };
                for entry in listed.iter().filter(|e| e.key == key && e.kind == kind) {
                    assert!(evidence.remove_version(key, entry.version.as_deref().unwrap()));
                }
            }
        }
    }

    /// A day wholly gone: objects, manifest, checkpoint.
    async fn drop_day(&self, n: i32) {
        let mut keys = keys_below(&*self.log.evidence, &entries_prefix(nth(n))).await;
        keys.extend([manifest_key(nth(n)), checkpoint_key(nth(n))]);
        for key in keys {
            self.act(&key, Act::Remove).await;
            self.act(&key, Act::Forget).await;
        }
    }

    async fn verify(&self, change: impl FnOnce(&mut VerifyOptions)) -> Report {
        self.log.verify_with(&nth(self.days - 1).to_string(), change).await
    }

    async fn watch(&self, first_run: bool) -> WatchReport {
        let now = noon(nth(self.days));
        let watcher = Watcher {
            evidence: &*self.log.evidence,
            state: &*self.log.state,
            policy: &self.log.policy,
            opener: Some(&*self.log.keys),
            options: WatchOptions {
                level: Level::Entries,
                now,
                rehash_days: 30,
                first_run,
                jobs: 4,
            },
        };
        watcher.run(std::future::pending(), &Silent).await.unwrap()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Act {
    Mark,
    Remove,
    Forget,
}

/// The first day whose chain must be there, when `days` are sealed and it is noon of the day after.
fn oldest(days: i32) -> i32 {
    days - YEAR - RETENTION
}

fn found(report: &Report) -> Vec<(Code, &str)> {
    report.findings.iter().map(|f| (f.code, f.object.as_str())).collect()
}

#[tokio::test]
async fn two_years_of_days_verified_every_month() {
    let mut aging = Aging::new(RETENTION).await;
    aging.live(30).await;
    assert_eq!(aging.watch(true).await.exit_code, 0);
    let mut known: Option<Checkpoint> = None;
    for month in 2..=24 {
        aging.live(30).await;
        let all = aging.verify(|o| o.known_head.clone_from(&known)).await;
        assert_eq!((all.exit_code, found(&all)), (0, vec![]), "month {month}");
        // A marker hides the oldest for a week before they are gone.
        let gone = (oldest(aging.days) - MARGIN - 8).max(0) as u64;
        assert_eq!(all.totals.expired_days, gone, "month {month}");
        assert_eq!(all.totals.days + gone, aging.days as u64);
        assert_eq!(all.checks.iter().any(|c| c.name == "expired days"), gone > 0);
        // The same from the oldest day kept, and from the oldest that must be.
        for first in [gone as i32, oldest(aging.days).max(0)] {
            let part = aging.verify(|o| o.first = Some(nth(first))).await;
            assert_eq!((part.exit_code, found(&part)), (0, vec![]), "month {month} from {first}");
            assert_eq!(part.totals.expired_days, 0);
        }
        let watched = aging.watch(false).await;
        let seen: Vec<_> = watched.findings().collect();
        assert_eq!((watched.exit_code, seen), (0, vec![]), "month {month}");
        let head = all.head.unwrap();
        known = Some(aging.log.checkpoint(head.day).await);
    }
    // A verifier that begins now.
    aging.log.state.remove(&dayseal_format::names::memory_key(&aging.log.settings.origin));
    assert_eq!(aging.watch(true).await.exit_code, 0);
    assert_eq!(aging.watch(false).await.exit_code, 0);
}

#[tokio::test]
async fn a_day_gone_before_its_time_is_found_when_older_ones_are_gone_after_theirs() {
    let aging = Aging::to(500).await;
    let oldest = oldest(500);
    // All that may be gone, gone at once, in no order: nothing is found.
    for n in (0..oldest).rev() {
        aging.drop_day(n).await;
    }
    let report = aging.verify(|_| {}).await;
    assert_eq!((report.exit_code, found(&report)), (0, vec![]));
    assert_eq!(report.totals.expired_days, oldest as u64);
    // One that is a day too young, by the policy's floor and by the signed records alike.
    aging.drop_day(oldest).await;
    let report = aging.verify(|_| {}).await;
    let name = nth(oldest).to_string();
    assert_eq!((report.exit_code, found(&report)), (4, vec![(Code::MissingDay, name.as_str())]));
    // And all that is older than the newest week.
    for n in oldest..493 {
        aging.drop_day(n).await;
    }
    let report = aging.verify(|_| {}).await;
    let name = format!("{}..{}", nth(0), nth(492));
    assert_eq!((report.exit_code, found(&report)), (4, vec![(Code::MissingDay, name.as_str())]));
    // Everything: nothing is left that says of any day that it has expired.
    for n in 493..500 {
        aging.drop_day(n).await;
    }
    let report = aging.verify(|_| {}).await;
    assert!(report.findings.iter().any(|f| f.code == Code::RolledBack));
    assert_eq!(report.totals.expired_days, 0);
}

#[tokio::test]
async fn half_a_day_gone_before_its_time_is_found() {
    let (aging, oldest) = (Aging::to(440).await, oldest(440));
    aging.log.evidence.remove(&manifest_key(nth(oldest - 1)));
    assert_eq!(found(&aging.verify(|_| {}).await), []);
    let (manifest, checkpoint) = (manifest_key(nth(oldest)), checkpoint_key(nth(oldest + 1)));
    aging.log.evidence.remove(&manifest);
    aging.log.evidence.delete(&checkpoint);
    let report = aging.verify(|_| {}).await;
    let expected =
        [(Code::DeleteMarker, checkpoint.as_str()), (Code::MissingManifest, manifest.as_str())];
    assert_eq!((report.exit_code, found(&report)), (1, expected.to_vec()));
}

#[tokio::test]
async fn the_policys_floor_keeps_the_chain_whatever_the_log_says() {
    let (mut aging, oldest) = (Aging::to(440).await, oldest(440));
    aging.drop_day(oldest - 1).await;
    assert_eq!(found(&aging.verify(|_| {}).await), []);
    // By this policy no day before 440 - 366 - 34 can be over.
    aging.log.policy.retention_floor = RETENTION as u32 + 4;
    let report = aging.verify(|_| {}).await;
    let missing: Vec<_> = report.findings.iter().filter(|f| f.code == Code::MissingDay).collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(missing[0].object, nth(oldest - 1).to_string());
}

#[tokio::test]
async fn an_edited_record_lets_nothing_expire() {
    let (aging, oldest) = (Aging::to(440).await, oldest(440));
    // The newest record that is a year old, and says more than was signed.
    let key = manifest_key(nth(440 - YEAR));
    let text = String::from_utf8(aging.log.bytes(&key).await).unwrap();
    let kept_from = |n: i32| format!("\"kept_from\":\"{}\"", nth(n));
    let lie = text.replacen(&kept_from(oldest), &kept_from(oldest + 5), 1);
    assert_ne!(lie, text);
    assert!(aging.log.evidence.rot(&key, lie));
    for n in oldest..oldest + 5 {
        aging.drop_day(n).await;
    }
    aging.log.evidence.remove(&checkpoint_key(nth(oldest - 1)));
    let report = aging.verify(|o| o.level = Level::Chain).await;
    let codes: Vec<_> = report.findings.iter().map(|f| f.code).collect();
    assert!(
        codes.contains(&Code::AlteredManifest) && codes.contains(&Code::MissingDay),
        "{codes:?}"
    );
    assert_eq!(report.exit_code, 1);
}

#[tokio::test]
async fn a_late_batch_of_a_day_before_the_walk_is_judged_by_its_own_day() {
    let aging = Aging::to(20).await;
    // Day 1 lists a late batch of day 0; the walk begins with day 1.
    let late = {
        let (_, records) = aging.log.manifest(nth(1)).await;
        let late = records.into_iter().find_map(|r| match r {
            dayseal_format::Record::Batch(b) if b.late => Some(b.key.to_string()),
            _ => None,
        });
        late.unwrap()
    };
    assert!(aging.log.evidence.remove(&late));
    let from = async |now: i32| {
        aging
            .verify(|o| (o.first, o.last, o.now) = (Some(nth(1)), Some(nth(19)), noon(nth(now))))
            .await
    };
    assert_eq!(found(&from(20).await), [(Code::MissingObject, late.as_str())]);
    assert_eq!(found(&from(RETENTION + 1).await), []);
    // A day that says nothing under a signature has not expired.
    assert!(aging.log.evidence.remove(&checkpoint_key(nth(0))));
    assert_eq!(found(&from(RETENTION + 1).await), [(Code::MissingObject, late.as_str())]);
}

#[tokio::test]
async fn what_lies_in_an_expired_day_is_found() {
    let aging = Aging::to(460).await;
    let key = aging.log.fill(7, &nth(2).to_string(), 1).await[0].to_string();
    let report = aging.verify(|_| {}).await;
    assert_eq!((report.exit_code, found(&report)), (1, vec![(Code::UnlistedObject, key.as_str())]));
}

#[tokio::test]
async fn heads_of_long_ago() {
    let mut aging = Aging::new(RETENTION).await;
    aging.live(60).await;
    let mut heads = Vec::new();
    for n in [10, 50, 59] {
        heads.push(aging.log.checkpoint(nth(n)).await);
    }
    aging.live(440).await;
    let oldest = oldest(500);
    for n in 0..oldest {
        aging.drop_day(n).await;
    }
    let newest_gone = {
        let (first, _) = aging.log.manifest(nth(oldest)).await;
        let tree =
            dayseal_format::merkle::Frontier::from_parts(first.size, first.frontier).unwrap();
        Checkpoint { origin: first.origin, size: tree.size(), root: tree.root() }
    };
    let known = async |head: &Checkpoint| {
        let report = aging.verify(|o| o.known_head = Some(head.clone())).await;
        assert_eq!(found(&report).is_empty(), report.exit_code == 0, "{report:#?}");
        let check = report.checks.iter().find(|c| c.name == "known head").unwrap().clone();
        (report.exit_code, check.detail)
    };
    // Too old to be linked, which is said; the head of the state root is led to.
    assert!(oldest > 59);
    for head in &heads {
        let (code, detail) = known(head).await;
        assert!(code == 0 && detail.contains("outside the days that are kept"), "{detail}");
    }
    // The oldest day kept says, signed, what tree it began with.
    let (code, detail) = known(&newest_gone).await;
    assert!(code == 0 && detail.contains("led to by the log"), "{detail}");
    let other = Checkpoint { root: dayseal_format::Digest::of(b"x"), ..newest_gone };
    assert_eq!(known(&other).await.0, 5);
}

#[tokio::test]
async fn a_lie_about_kept_from_is_found_when_the_older_manifests_are_gone() {
    let mut aging = Aging::to(430).await;
    // The sealer states a shorter time for its old days from here on than the policy asks for.
    aging.log.settings.retention_days = 10;
    for n in 430..500 {
        aging.lifecycle(n, RETENTION).await;
        aging.log.seal(&nth(n).to_string()).await.unwrap();
    }
    aging.days = 500;
    // Each of its days says so itself, and from the day on which the log forgets the longer ones `kept_from` does.
    let report = aging.verify(|o| o.level = Level::Chain).await;
    assert!(report.findings.iter().all(|f| f.code == Code::RetentionShortened));
    let lies = |report: &Report| {
        report.findings.iter().filter(|f| f.object.ends_with("(kept_from)")).count()
    };
    assert!(lies(&report) > 30);
    // The first of them gone, no record says any more how long they should have been kept; the floor does.
    let last = nth(499);
    let report = aging.verify(|o| (o.level, o.first) = (Level::Chain, Some(last))).await;
    assert_eq!((report.exit_code, lies(&report)), (1, 1));
    // An auditor without a floor takes the log's word, for days that are over by it.
    aging.log.policy.retention_floor = 0;
    let report = aging.verify(|o| (o.level, o.first) = (Level::Chain, Some(last))).await;
    assert_eq!(found(&report), []);
}

#[tokio::test]
async fn the_sealer_goes_on_behind_expired_days_and_stops_at_others() {
    let aging = Aging::to(450).await;
    let oldest = oldest(450);
    let next = async || aging.log.seal(&nth(450).to_string()).await;
    // In no order, and half.
    aging.log.evidence.remove(&checkpoint_key(nth(oldest - 2)));
    aging.log.evidence.delete(&manifest_key(nth(oldest - 1)));
    // One too young: by now, the seal's clock, a day later than a verifier at noon.
    aging.log.evidence.delete(&manifest_key(nth(oldest + 1)));
    assert!(matches!(next().await, Err(SealError::Tampered { .. })));
    let (marker, key) = {
        let key = manifest_key(nth(oldest + 1));
        let listed = aging.log.evidence.list(&key, None).await.unwrap().entries;
        (listed.into_iter().find(|e| e.kind == EntryKind::DeleteMarker).unwrap(), key)
    };
    assert!(aging.log.evidence.remove_version(&key, marker.version.as_deref().unwrap()));
    next().await.unwrap();
    // A hole among them.
    aging.drop_day(oldest + 3).await;
    let again = aging.log.seal(&nth(451).to_string()).await;
    assert!(matches!(again, Err(SealError::Tampered { .. })), "{again:?}");
}

#[tokio::test]
async fn a_deleted_first_day_is_not_signed_away() {
    let mut aging = Aging::new(RETENTION).await;
    aging.live(5).await;
    aging.drop_day(0).await;
    aging.live(1).await;
    assert_eq!(aging.log.manifest(nth(5)).await.0.kept_from, nth(0), "day 0 must still be kept");
    let report = aging.verify(|_| {}).await;
    assert_eq!(found(&report), [(Code::MissingDay, nth(0).to_string().as_str())]);
}
