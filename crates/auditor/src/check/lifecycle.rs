//! Lifecycle rules: long enough, and then really gone.

use serde_json::{Value, json};

use super::bucket::{fail, pass, warn};
use super::facts::LifecycleRule;
use super::{Profile, Status};

/// Storage classes that need a restore before an object can be read.
const COLD: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

type Judged = (Status, String, Value);

/// Rules that apply to some key below `prefix`.
fn applying<'a>(
    rules: &'a [LifecycleRule],
    prefix: &'a str,
) -> impl Iterator<Item = &'a LifecycleRule> {
    let overlaps =
        move |r: &&LifecycleRule| prefix.starts_with(&r.prefix) || r.prefix.starts_with(prefix);
    rules.iter().filter(|r| r.enabled).filter(overlaps)
}

/// Rules that apply to every key below `prefix`.
fn covering<'a>(
    rules: &'a [LifecycleRule],
    prefix: &'a str,
) -> impl Iterator<Item = &'a LifecycleRule> {
    applying(rules, prefix).filter(move |r| !r.narrowed && prefix.starts_with(&r.prefix))
}

/// B10. The rule that acts first counts: nothing may expire before the floor or the end of the lock.
pub(super) fn retention(
    root: &str,
    rules: &[LifecycleRule],
    profile: &Profile,
    lock_days: Option<u32>,
) -> Judged {
    let found = json!(rules);
    let (entries, manifests, checkpoints) =
        (format!("{root}entries/"), format!("{root}manifests/"), format!("{root}checkpoints/"));
    let least = profile.floor_days.max(lock_days.unwrap_or(0));
    for prefix in [&entries, &manifests, &checkpoints] {
        for rule in applying(rules, prefix) {
            let id = &rule.id;
            if rule.expires_at_a_date {
                return fail(
                    format!("rule {id} expires {prefix} at a date, whatever its age"),
                    found,
                );
            }
            if let Some(days) = rule.expiration_days.filter(|days| *days < least) {
                let why =
                    if days < profile.floor_days { "the profile's floor" } else { "the lock" };
                return fail(
                    format!(
                        "rule {id} expires {prefix} after {days} days: expected {least} or more, by {why}"
                    ),
                    found,
                );
            }
            // A version that was deleted by mistake must be there long enough for somebody to notice.
            if rule.noncurrent_days == Some(0) {
                return fail(format!("rule {id} removes versions at once"), found);
            }
        }
    }
    let first = |prefix: &str| covering(rules, prefix).filter_map(|r| r.expiration_days).min();
    let Some(days) = first(&entries) else {
        return warn(
            format!(
                "nothing expires {entries}: evidence is kept for ever, which GDPR 5(1)(e) does not allow for personal data"
            ),
            found,
        );
    };
    for prefix in [&manifests, &checkpoints] {
        let shorter = applying(rules, prefix).filter_map(|r| r.expiration_days).any(|d| d < days);
        if shorter {
            return fail(format!("{prefix} expires before the entries it proves"), found);
        }
    }
    if !covering(rules, &entries).any(|r| r.noncurrent_days.is_some()) {
        return fail(
            format!(
                "{entries} expires after {days} days and is not deleted: on a versioned bucket noncurrent versions need a rule"
            ),
            found,
        );
    }
    if !covering(rules, &entries).any(|r| r.removes_markers) {
        return warn("delete markers stay for ever: add ExpiredObjectDeleteMarker", found);
    }
    if !covering(rules, &entries).any(|r| r.abort_days.is_some()) {
        return warn("unfinished uploads stay for ever: add AbortIncompleteMultipartUpload", found);
    }
    pass(format!("entries expire after {days} days, {least} at least, and are deleted then"), found)
}

/// B11.
pub(super) fn hot(root: &str, rules: &[LifecycleRule], profile: &Profile) -> Judged {
    for prefix in ["entries/", "manifests/", "checkpoints/"].map(|p| format!("{root}{p}")) {
        for rule in applying(rules, &prefix) {
            for (days, class) in &rule.transitions {
                if COLD.contains(&class.as_str()) && *days < profile.hot_days {
                    let (id, hot) = (&rule.id, profile.hot_days);
                    return fail(
                        format!(
                            "rule {id} moves {prefix} to {class} after {days} days: it must be readable at once for {hot}"
                        ),
                        json!(rule),
                    );
                }
            }
        }
    }
    pass(format!("for {} days at least", profile.hot_days), Value::Null)
}

/// C03.
pub(super) fn ceiling(root: &str, rules: &[LifecycleRule], most: u32) -> Judged {
    let prefix = format!("{root}content/");
    let first = covering(rules, &prefix).filter_map(|r| r.expiration_days).min();
    match first {
        Some(days) if days <= most => pass(format!("{days} days, {most} at most"), json!(rules)),
        Some(days) => fail(
            format!(
                "{days} days: expected {most} at most, or a reason in your records (GDPR 5(1)(e))"
            ),
            json!(rules),
        ),
        None => fail(format!("nothing expires {prefix}"), json!(rules)),
    }
}
