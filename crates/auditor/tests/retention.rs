//! The lifecycle of a log in a directory: what may go goes, nothing else, and what is left verifies.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]

use dayseal_auditor::bundle::{BundleError, BundleOptions, Show, verify_bundle, write_bundle};
use dayseal_auditor::find::{LogReader, Orders};
use dayseal_auditor::retention::{Applied, Effect, Roots, Rules, apply, nothing_held, plan};
use dayseal_chain::read::BatchReader;
use dayseal_chain::verify::Silent;
use dayseal_chain::{LogSettings, Report, Verifier, VerifyOptions};
use dayseal_format::index::index_key;
use dayseal_format::names::{checkpoint_key, entries_prefix, manifest_key};
use dayseal_format::{Day, Digest, Level};
use dayseal_store::{Condition, DirectoryStore, MemoryStore, Store};
use dayseal_testkit::{TestLog, day, keys_below, noon};

const FIRST: &str = "2024-01-01";
const RETENTION: i32 = 2;
/// Days sealed: of the first ten the chain is over, by its rule, on the day after the last.
const DAYS: i32 = 385;
const CHAIN_GONE: i32 = DAYS - RETENTION - 7 - 366;
const ENTRIES_GONE: i32 = DAYS - RETENTION - 7;

fn nth(n: i32) -> Day {
    day(FIRST).checked_add(n).unwrap()
}

/// Days with a batch: every third at both ends.
fn batches() -> impl Iterator<Item = i32> {
    (0..DAYS).step_by(3).filter(|n| *n < 40 || *n > DAYS - 40)
}

/// A log of [`DAYS`] days in a directory.
struct Aged {
    log: TestLog,
    folder: tempfile::TempDir,
    evidence: DirectoryStore,
}

impl Aged {
    async fn new() -> Self {
        let settings = LogSettings { retention_days: RETENTION as u32, ..TestLog::settings(FIRST) };
        let log = TestLog::with_settings(MemoryStore::without_versions(), settings).await;
        for n in batches() {
            log.fill((n % 250) as u8, &nth(n).to_string(), 1).await;
        }
        log.seal(&nth(DAYS - 1).to_string()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let evidence = DirectoryStore::create(folder.path().join("evidence")).unwrap();
        for key in keys_below(&*log.evidence, "").await {
            let bytes = log.bytes(&key).await;
            let digest = Digest::of(&bytes);
            evidence.put(&key, bytes.into(), digest.as_bytes(), Condition::Absent).await.unwrap();
        }
        Self { log, folder, evidence }
    }

    async fn apply_at(&self, today: Day, dry_run: bool) -> Applied {
        let roots = Roots { evidence: &self.evidence, content: None, state: None };
        apply(roots, &self.log.policy, &Rules::default(), today, &nothing_held, dry_run)
            .await
            .unwrap()
    }

    async fn verify_at(&self, today: Day) -> Report {
        let options = VerifyOptions::new(Level::Entries, noon(today));
        let (state, keys) = (Some(&*self.log.state as _), Some(&*self.log.keys as _));
        let policy = Some(&self.log.policy);
        let verifier = Verifier::new(&self.evidence, state, policy, keys, options).await.unwrap();
        verifier.run(&Silent).await.unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        keys_below(&self.evidence, "").await
    }
}

fn counts(applied: &Applied) -> (u64, u64, u64) {
    let objects = applied.days.iter().map(|d| d.entries.objects).sum();
    let manifests = applied.days.iter().filter(|d| d.manifest).count() as u64;
    (objects, manifests, applied.days.iter().filter(|d| d.checkpoint).count() as u64)
}

#[tokio::test]
async fn what_may_go_goes_and_the_rest_verifies() {
    let aged = Aged::new().await;
    let before = aged.keys().await;
    let dry = aged.apply_at(nth(DAYS), true).await;
    assert_eq!(aged.keys().await, before, "a dry run removes nothing");
    let done = aged.apply_at(nth(DAYS), false).await;
    assert_eq!((dry.days, dry.left), (done.days.clone(), vec![]));
    let chain = CHAIN_GONE as u64;
    let objects = batches().filter(|n| *n < ENTRIES_GONE).count() as u64;
    assert_eq!(counts(&done), (objects, chain, chain));
    // The last that went, and the first that stays, of each kind.
    let after = aged.keys().await;
    let there = |prefix: &str| after.iter().any(|k| k.starts_with(prefix));
    let batch = ENTRIES_GONE - 1 - (ENTRIES_GONE - 1) % 3;
    assert!(!there(&entries_prefix(nth(batch))) && there(&entries_prefix(nth(batch + 3))));
    assert!(!there(&manifest_key(nth(CHAIN_GONE - 1))) && there(&manifest_key(nth(CHAIN_GONE))));
    assert!(!there(&checkpoint_key(nth(CHAIN_GONE - 1))));
    assert!(there("log.json") && there("checkpoints/first"));
    let report = aged.verify_at(nth(DAYS)).await;
    assert_eq!((report.exit_code, &report.findings), (0, &vec![]));
    assert_eq!(report.totals.expired_days, chain);
    // Again changes nothing; a day later one more day goes.
    assert_eq!(aged.apply_at(nth(DAYS), false).await.days, []);
    let next = aged.apply_at(nth(DAYS + 1), false).await;
    assert_eq!(counts(&next), (u64::from(ENTRIES_GONE % 3 == 0), 1, 1));
}

#[tokio::test]
async fn a_bundle_begins_where_the_chain_does() {
    let aged = Aged::new().await;
    let origin = aged.log.settings.origin.clone();
    let allowed = aged.log.policy.wrapping_keys.clone();
    let desk = |now: Day| LogReader {
        evidence: &aged.evidence,
        state: None,
        batches: BatchReader::new(&aged.evidence, &*aged.log.keys, origin.clone(), allowed.clone()),
        origin: origin.clone(),
        keys: aged.log.policy.verifier_keys.clone(),
        orders: Orders::of(aged.log.policy.officers.clone()),
        first_day: aged.log.policy.first_day,
        now: noon(now),
    };
    let home = tempfile::tempdir().unwrap();
    let bundle = async |name: &str, first: i32, today: Day| {
        let options = BundleOptions {
            first: nth(first),
            last: nth(first + 4),
            show: Show::Shown,
            made_by: "tests".into(),
            policy: None,
            report: None,
        };
        let top = home.path().join(name);
        let written = write_bundle(&desk(today), &top, &options, |p| panic!("{p}")).await;
        written.map(|written| (top, written))
    };
    aged.apply_at(nth(DAYS), false).await;
    let (top, written) = bundle("oldest", CHAIN_GONE, nth(DAYS)).await.unwrap();
    assert_eq!((written.days, written.batches), (5, 0));
    let held = verify_bundle(&top, &aged.log.policy, noon(nth(DAYS))).await.unwrap();
    assert_eq!((held.exit_code, held.expired), (0, written.absent), "{held:#?}");
    assert!(held.expired > 0);
    // With it the day before is still compared.
    let (top, _) = bundle("next", CHAIN_GONE + 1, nth(DAYS)).await.unwrap();
    assert!(top.join("evidence").join(checkpoint_key(nth(CHAIN_GONE))).exists());
    let gone = bundle("gone", CHAIN_GONE - 1, nth(DAYS)).await;
    assert!(matches!(gone, Err(BundleError::Expired { day }) if day == nth(CHAIN_GONE - 1)));
    // What must still be there is missed: a day is over seven days before it goes.
    let kept = CHAIN_GONE + 7;
    let path = aged.folder.path().join("evidence").join(checkpoint_key(nth(kept)));
    std::fs::remove_file(path).unwrap();
    let before = bundle("before", kept + 1, nth(DAYS)).await;
    assert!(matches!(before, Err(BundleError::Before { .. })), "{before:?}");
}

#[tokio::test]
async fn wherever_a_run_stops_the_log_verifies_and_the_next_run_ends_it() {
    let aged = Aged::new().await;
    let before = aged.keys().await;
    let copy = Aged::new().await;
    copy.apply_at(nth(DAYS), false).await;
    let after = copy.keys().await;
    // In the order of a run: oldest day first, in it objects, manifest, checkpoint.
    let order = |key: &String| {
        let rank = ["entries/", "manifests/", "checkpoints/"]
            .iter()
            .position(|prefix| key.starts_with(prefix));
        let (_, rest) = key.split_once('/').unwrap();
        (rest[..10].to_owned(), rank)
    };
    let mut gone: Vec<_> = before.iter().filter(|k| !keys_of(&after, k)).cloned().collect();
    gone.sort_by_key(order);
    for (n, key) in gone[..gone.len() - 1].iter().enumerate() {
        assert!(aged.evidence.remove(key).await.unwrap());
        if n < 9 || n % 15 == 0 {
            let report = aged.verify_at(nth(DAYS)).await;
            assert_eq!((report.exit_code, &report.findings), (0, &vec![]), "after {key}");
        }
    }
    aged.apply_at(nth(DAYS), false).await;
    assert_eq!(aged.keys().await.len(), after.len());
    assert_eq!(aged.verify_at(nth(DAYS)).await.exit_code, 0);
}

/// Whether the copy, whose batches have other digests, has the object too.
fn keys_of(keys: &[String], key: &str) -> bool {
    match key.strip_prefix("entries/") {
        None => keys.iter().any(|k| k == key),
        Some(rest) => keys.iter().any(|k| k.starts_with(&format!("entries/{}", &rest[..10]))),
    }
}

#[tokio::test]
async fn what_is_held_stays_with_its_manifest() {
    let aged = Aged::new().await;
    // An entry of one day, and the manifest alone of another.
    let held = |key: &str, day: Day| {
        day == nth(6) && key.starts_with("entries/") || key == manifest_key(nth(4))
    };
    let roots = Roots { evidence: &aged.evidence, content: None, state: None };
    let run = async || {
        apply(roots, &aged.log.policy, &Rules::default(), nth(DAYS), &held, false).await.unwrap()
    };
    let applied = run().await;
    let day = applied.days.iter().find(|d| d.day == nth(6)).unwrap();
    assert_eq!(
        (day.entries.held, day.entries.objects, day.manifest, day.checkpoint),
        (1, 0, false, false)
    );
    let keys = aged.keys().await;
    let there = |prefix: String| keys.iter().any(|k| k.starts_with(&prefix));
    assert!(there(entries_prefix(nth(6))) && there(manifest_key(nth(6))));
    assert!(there(checkpoint_key(nth(6))) && !there(manifest_key(nth(7))));
    let report = aged.verify_at(nth(DAYS)).await;
    assert_eq!((report.exit_code, &report.findings), (0, &vec![]));
    assert!(there(manifest_key(nth(4))) && there(checkpoint_key(nth(4))));
    assert_eq!(run().await.days.len(), 1, "it is told each time");
    // The hold ends.
    let applied = aged.apply_at(nth(DAYS), false).await;
    assert_eq!(counts(&applied), (1, 2, 2));
}

#[tokio::test]
async fn nothing_goes_on_an_unsigned_word_or_below_the_floor() {
    let mut aged = Aged::new().await;
    aged.log.policy.retention_floor = 0;
    // A manifest that says that its day is over, and that nobody signed.
    let target = ENTRIES_GONE;
    let key = manifest_key(nth(target));
    let text = String::from_utf8(aged.log.bytes(&key).await).unwrap();
    let until = |n: i32| format!("\"keep_until\":\"{}\"", nth(n));
    let lie = text.replacen(&until(target + RETENTION), &until(target + 1), 1);
    assert_ne!(lie, text);
    assert!(aged.evidence.remove(&key).await.unwrap());
    let digest = Digest::of(lie.as_bytes());
    aged.evidence.put(&key, lie.into(), digest.as_bytes(), Condition::Absent).await.unwrap();
    let applied = aged.apply_at(nth(DAYS), true).await;
    assert_eq!(applied.left.len(), 1);
    assert_eq!(applied.left[0].object, nth(target).to_string());
    assert!(applied.days.iter().all(|d| d.day != nth(target)));
    // The auditor asks for more than the log says.
    aged.log.policy.retention_floor = RETENTION as u32 + 1;
    let applied = aged.apply_at(nth(DAYS), true).await;
    assert_eq!((applied.days.len(), applied.left.len()), (0, ENTRIES_GONE as usize + 1));
    // Keys of another log sign nothing here.
    aged.log.policy.retention_floor = 0;
    aged.log.policy.verifier_keys = TestLog::new(FIRST).await.policy.verifier_keys;
    assert_eq!(aged.apply_at(nth(DAYS), true).await.days, []);
}

#[tokio::test]
async fn the_index_of_a_day_goes_with_its_entries() {
    let aged = Aged::new().await;
    let state = DirectoryStore::create(aged.folder.path().join("state")).unwrap();
    for day in [0, ENTRIES_GONE - 1, ENTRIES_GONE, DAYS - 1].map(nth) {
        let digest = Digest::of(b"x");
        state.put(&index_key(day), "x".into(), digest.as_bytes(), Condition::Absent).await.unwrap();
    }
    let roots = Roots { evidence: &aged.evidence, content: None, state: Some(&state) };
    for (held_day, dry_run, gone, left) in
        [(None, true, 2, 4), (Some(nth(0)), false, 1, 3), (None, false, 1, 2), (None, false, 0, 2)]
    {
        let held = |_: &str, day: Day| Some(day) == held_day;
        let today = nth(DAYS);
        let applied =
            apply(roots, &aged.log.policy, &Rules::default(), today, &held, dry_run).await.unwrap();
        assert_eq!(applied.days.iter().filter(|d| d.index).count(), gone, "{held_day:?} {dry_run}");
        assert_eq!(keys_below(&state, "").await.len(), left);
    }
    let kept = [ENTRIES_GONE, DAYS - 1].map(|n| index_key(nth(n)));
    assert_eq!(keys_below(&state, "").await, kept);
}

#[tokio::test]
async fn content_goes_by_its_own_days() {
    let log = TestLog::new(FIRST).await;
    let folder = tempfile::tempdir().unwrap();
    let evidence = DirectoryStore::create(folder.path().join("evidence")).unwrap();
    let content = DirectoryStore::create(folder.path().join("content")).unwrap();
    for n in [0, 29, 30, 31, 60] {
        let key = format!("content/{}/{}/00000000.content", nth(n), "ab".repeat(16));
        let digest = Digest::of(b"x");
        content.put(&key, "x".into(), digest.as_bytes(), Condition::Absent).await.unwrap();
    }
    let roots = Roots { evidence: &evidence, content: Some(&content), state: None };
    let held = |key: &str, day: Day| key.starts_with("content/") && day == nth(0);
    let applied =
        apply(roots, &log.policy, &Rules::default(), nth(61), &held, false).await.unwrap();
    assert_eq!((applied.content.objects, applied.content.bytes, applied.content.held), (2, 2, 1));
    assert_eq!(keys_below(&content, "").await.len(), 3);
}

#[tokio::test]
async fn a_plan_says_what_goes_when_and_what_a_change_does() {
    let aged = Aged::new().await;
    let now = noon(nth(DAYS));
    aged.log.fill(7, &nth(DAYS).to_string(), 2).await;
    let evidence = &*aged.log.evidence;
    let rules = Rules::default();
    let with = async |days| plan(evidence, 2, 2, &rules, days, &nothing_held, now).await.unwrap();
    let whole = with(None).await;
    assert_eq!(whole.days.len(), DAYS as usize + 1);
    let third = whole.days[3];
    assert_eq!((third.day, third.sealed, third.objects), (nth(3), true, 1));
    assert_eq!(third.keep_until, Some(nth(5)));
    assert_eq!((third.entries_gone, third.chain_gone), (Some(nth(13)), Some(nth(379))));
    let today = whole.days.last().unwrap();
    assert_eq!((today.sealed, today.objects, today.keep_until), (false, 2, Some(nth(DAYS + 2))));
    assert_eq!(whole.objects, batches().count() as u64 + 2);
    assert_eq!(whole.bytes, whole.days.iter().map(|d| d.bytes).sum::<u64>());
    assert!(whole.costs.iter().all(|c| c.moved_objects == 0), "small objects are not moved");
    // The plan and the rules agree on what goes on a day.
    let gone = whole.days.iter().filter(|d| d.entries_gone.unwrap() <= nth(DAYS));
    let objects = gone.map(|d| d.objects).sum::<u64>();
    let applied = aged.apply_at(nth(DAYS), true).await;
    assert_eq!(counts(&applied).0, objects);
    let chain = whole.days.iter().filter(|d| d.chain_gone.unwrap() <= nth(DAYS)).count();
    assert_eq!(counts(&applied).1, chain as u64);

    let longer = with(Some(60)).await.change.unwrap();
    assert_eq!((longer.effect, longer.from, longer.expiry_days), (Effect::Longer, nth(DAYS), 67));
    assert_eq!(longer.rule_before, Some(nth(DAYS + 10)), "when the old rule would take that day");
    assert_eq!(longer.sealed.len(), 1);
    assert_eq!((longer.sealed[0].days, longer.sealed[0].last), (2, nth(DAYS - 1)));
    assert!(longer.bytes_in_the_long_run > longer.bytes_at_present && longer.below_floor.is_none());
    let shorter = with(Some(1)).await.change.unwrap();
    assert_eq!((shorter.effect, shorter.below_floor), (Effect::Shorter, Some(2)));
    // A bucket's rule goes by age: not before the last day under the longer one is gone.
    assert_eq!(shorter.rule_not_before, nth(DAYS - 1 + 10));
}

#[tokio::test]
async fn after_a_shorter_retention_the_chain_still_goes_in_one_piece() {
    let settings = LogSettings { retention_days: 10, ..TestLog::settings(FIRST) };
    let mut log = TestLog::with_settings(MemoryStore::new(), settings).await;
    log.seal(&nth(2).to_string()).await.unwrap();
    log.settings.retention_days = 1;
    log.seal(&nth(5).to_string()).await.unwrap();
    let rules = Rules::default();
    let now = noon(nth(6));
    let planned = plan(&*log.evidence, 1, 0, &rules, Some(1), &nothing_held, now).await.unwrap();
    let day = planned.days[4];
    assert_eq!((day.keep_until, day.entries_gone), (Some(nth(5)), Some(nth(13))));
    // Not before day 2, whose objects are kept until day 12.
    assert_eq!(day.chain_gone, planned.days[2].chain_gone);
    assert_eq!(day.chain_gone, Some(nth(12 + 7 + 366 + 1)));
    let change = planned.change.unwrap();
    let spans: Vec<_> = change.sealed.iter().map(|s| (s.first, s.last, s.days)).collect();
    assert_eq!(spans, [(nth(0), nth(2), 10), (nth(3), nth(5), 1)]);
    assert_eq!((change.effect, change.from), (Effect::None, nth(6)));
}
