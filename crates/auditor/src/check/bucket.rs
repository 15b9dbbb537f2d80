//! The three buckets, each by its own regime.

use serde_json::{Value, json};

use super::facts::{BucketFacts, Facts};
use super::iam::{Request, allows_everybody, denies, named_principals};
use super::{CheckResult, Control, LockMode, Profile, Status, lifecycle};

use Status::{Fail, Pass, Warn};

/// Any principal that no policy makes an exception for.
const ANYBODY: &str = "arn:aws:iam::000000000000:role/dayseal-check-anybody";
/// Exceptions to a deny that need no explaining: the retention admin, and one founder at set-up.
const FEW: usize = 2;

const INTEGRITY: &[&str] =
    &["SOC2 CC6.1", "HIPAA 164.312(c)(1)", "PCI 10.3.2", "ISO 27001 A.8.15", "NIST AU-9"];
const TRANSPORT: &[&str] = &["SOC2 CC6.7", "HIPAA 164.312(e)(1)", "NIST AU-9"];
const AT_REST: &[&str] = &["SOC2 CC6.7", "GDPR 32", "HIPAA 164.312(a)(2)(iv)"];
const ACCESS: &[&str] = &["SOC2 CC6.1", "SOC2 CC6.3", "PCI 10.3.1", "NIST AU-9(4)"];
const ERASURE: &[&str] = &["GDPR 5(1)(e)", "GDPR 17", "SOC2 P4.3"];
const RETENTION: &[&str] =
    &["SOC2 CC6.5", "HIPAA 164.316(b)(2)(i)", "PCI 10.5.1", "AI Act 19", "NIST AU-11"];

const fn control(
    id: &'static str,
    title: &'static str,
    controls: &'static [&'static str],
) -> Control {
    Control { id, title, controls }
}

/// B: the evidence bucket.
pub(super) fn evidence(facts: &Facts, profile: &Profile, out: &mut Vec<CheckResult>) {
    let b = &facts.evidence;
    out.push(control("B01", "evidence: versioning", INTEGRITY).of(&b.versioning, |v| {
        match v.as_deref() {
            Some("Enabled") => pass("every version is kept", json!(v)),
            found => {
                fail(format!("expected Enabled, found {}: switch it on", or_none(found)), json!(v))
            }
        }
    }));
    out.push(control("B02", "evidence: Object Lock covers the retention", RETENTION).of(
        &b.lock,
        |lock| {
            let floor = profile.floor_days;
            match lock.and_then(|l| l.retention) {
                Some((_, days)) if days >= floor => {
                    pass(format!("{days} days, {floor} asked for"), json!(lock))
                }
                Some((_, days)) => fail(
                    format!(
                        "expected {floor} days or more, found {days}: raise the default retention"
                    ),
                    json!(lock),
                ),
                None if lock.is_some() => {
                    fail("on, without a default retention: new objects are not locked", json!(lock))
                }
                None => fail(
                    "off: it can only be switched on for a new bucket, or by AWS support",
                    json!(lock),
                ),
            }
        },
    ));
    out.push(control("B03", "evidence: lock mode", INTEGRITY).of(&b.lock, |lock| {
        match lock.and_then(|l| l.retention) {
            Some((mode, _)) if mode >= profile.lock => pass(format!("{mode:?}"), json!(lock)),
            Some((mode, _)) if profile.lock_is_law => fail(format!("expected {:?}, found {mode:?}", profile.lock), json!(lock)),
            Some((LockMode::Governance, _)) => warn("Governance: whoever may bypass it can delete; this profile is better served by Compliance", json!(lock)),
            Some((mode, _)) => warn(format!("{mode:?}"), json!(lock)),
            None => fail("no default lock", json!(lock)),
        }
    }));
    out.push(encryption("B04", "evidence: encryption at rest", b));
    out.push(public("B05", "evidence: not public", b));
    out.push(transport("B06", "evidence: TLS 1.2 or newer only", b));
    out.push(
        control("B07", "evidence: nothing is overwritten", INTEGRITY)
            .of(&b.policy, |p| unconditional(b, p.as_ref())),
    );
    out.push(
        control("B08", "evidence: nobody deletes or loosens", INTEGRITY)
            .of(&b.policy, |p| removal(b, p.as_ref())),
    );
    out.push(
        control("B09", "evidence: no other encryption key", AT_REST)
            .of(&b.policy, |p| other_key(b, p.as_ref())),
    );
    out.push(control("B10", "evidence: lifecycle keeps long enough, then deletes", RETENTION).of(
        &b.lifecycle,
        |rules| {
            let lock = b
                .lock
                .as_ref()
                .ok()
                .copied()
                .flatten()
                .and_then(|l| l.retention)
                .map(|(_, days)| days);
            lifecycle::retention(&b.prefix, rules, profile, lock)
        },
    ));
    out.push(
        control("B11", "evidence: readable at once", &["PCI 10.5.1", "SEC 17a-4(b)"])
            .of(&b.lifecycle, |rules| lifecycle::hot(&b.prefix, rules, profile)),
    );
    out.push(control("B12", "evidence: a copy elsewhere", &["PCI 10.3.3", "NIST AU-9(2)"]).of(
        &b.replicas,
        |replicas| match replicas.is_empty() {
            true => warn("no replication: a lost region or account is a lost log", json!(replicas)),
            false => pass(format!("copied to {}", replicas.join(", ")), json!(replicas)),
        },
    ));
    out.push(region(facts));
    out.push(control("B14", "evidence: access is logged", &["PCI 10.2.1.3", "SOC2 CC7.1"]).of(
        &b.access_log,
        |target| match target {
            Some(to) if *to == b.name => fail("access logs go to the bucket itself", json!(to)),
            Some(to) => pass(format!("to {to}"), json!(to)),
            None => warn(
                "no access log; CloudTrail data events, which are not read here, would do as well",
                json!(target),
            ),
        },
    ));
    out.push(control("B15", "evidence: no access by ACL", ACCESS).of(&b.ownership, |o| {
        match o.as_deref() {
            Some("BucketOwnerEnforced") => pass("BucketOwnerEnforced", json!(o)),
            found => {
                fail(format!("expected BucketOwnerEnforced, found {}", or_none(found)), json!(o))
            }
        }
    }));
}

/// C: the content bucket, where deleting must be real.
pub(super) fn content(facts: &Facts, profile: &Profile, out: &mut Vec<CheckResult>) {
    let Some(b) = &facts.content else { return };
    out.push(control("C01", "content: no versions", ERASURE).of(&b.versioning, |v| match v {
        None => pass("a delete deletes", json!(v)),
        Some(state) => fail(
            format!(
                "expected none, found {state}: an erased record would live on as an old version"
            ),
            json!(v),
        ),
    }));
    out.push(control("C02", "content: no lock", ERASURE).of(&b.lock, |lock| match lock {
        None => pass("nothing keeps a record from being erased", json!(lock)),
        Some(_) => fail("Object Lock is on: erasure can be refused", json!(lock)),
    }));
    out.push(control("C03", "content: a short life", ERASURE).of(&b.lifecycle, |rules| {
        lifecycle::ceiling(&b.prefix, rules, profile.content_ceiling_days)
    }));
    out.push(encryption("C04", "content: encryption at rest", b));
    out.push(public("C05", "content: not public", b));
    out.push(transport("C06", "content: TLS 1.2 or newer only", b));
    out.push(control("C07", "content: no copies that outlive erasure", ERASURE).of(
        &b.replicas,
        |replicas| match replicas.is_empty() {
            true => pass("not replicated", json!(replicas)),
            false => warn(
                format!("copied to {}: erasure must reach there too", replicas.join(", ")),
                json!(replicas),
            ),
        },
    ));
}

/// T: the state bucket.
pub(super) fn state(facts: &Facts, out: &mut Vec<CheckResult>) {
    let b = &facts.state;
    out.push(control("T01", "state: apart from the evidence", ACCESS).result(
        if b.name == facts.evidence.name { Fail } else { Pass },
        if b.name == facts.evidence.name {
            "the head lies beside the evidence: one rollback takes both".to_owned()
        } else {
            format!("{} beside {}", b.name, facts.evidence.name)
        },
        json!({ "state": b.name, "evidence": facts.evidence.name }),
    ));
    // Heads and reports name no person, and another account's functions need no key for AWS's own.
    out.push(control("T04", "state: encryption at rest", AT_REST).of(&b.encryption, |e| match e {
        Some(e) => pass(e.algorithm.clone(), json!(e)),
        None => fail("none by default", json!(e)),
    }));
    out.push(public("T05", "state: not public", b));
    out.push(transport("T06", "state: TLS 1.2 or newer only", b));
    out.push(control("T08", "state: nobody deletes the head", INTEGRITY).of(&b.policy, |p| {
        let policy = p.as_ref().unwrap_or(&Value::Null);
        let key = format!("{}heads/x", b.prefix);
        let denied = |action| denies(policy, &object(b, action, &key, &[]).request());
        match ["s3:DeleteObject", "s3:DeleteObjectVersion"].into_iter().find(|a| !denied(a)) {
            None => pass("deletes are denied", json!({ "exceptions": named_principals(policy) })),
            Some(action) => warn(format!("{action} is not denied: without its head the sealer stops, and a rollback goes unseen"), Value::Null),
        }
    }));
}

/// A request for an object, with the strings it needs.
struct Probe<'a> {
    action: &'a str,
    resource: String,
    principal: &'a str,
    context: &'a [(&'a str, &'a str)],
}

impl Probe<'_> {
    fn request(&self) -> Request<'_> {
        let Self { action, resource, principal, context } = self;
        Request { action, resource, principal, context }
    }
}

fn object<'a>(
    b: &BucketFacts,
    action: &'a str,
    key: &str,
    context: &'a [(&'a str, &'a str)],
) -> Probe<'a> {
    Probe {
        action,
        resource: format!("arn:aws:s3:::{}/{key}", b.name),
        principal: ANYBODY,
        context,
    }
}

fn bucket<'a>(b: &BucketFacts, action: &'a str) -> Probe<'a> {
    Probe { action, resource: format!("arn:aws:s3:::{}", b.name), principal: ANYBODY, context: &[] }
}

fn encryption(id: &'static str, title: &'static str, b: &BucketFacts) -> CheckResult {
    control(id, title, AT_REST).of(&b.encryption, |found| match found {
        Some(e) if e.algorithm.starts_with("aws:kms") && e.key.is_some() && !e.bucket_key => warn(
            "a key of your own, without a bucket key: each object costs a KMS call",
            json!(found),
        ),
        Some(e) if e.algorithm.starts_with("aws:kms") && e.key.is_some() => {
            pass("a KMS key of your own", json!(found))
        }
        Some(e) => warn(
            format!(
                "{}, a key that AWS holds: you cannot withdraw it, nor see its use",
                e.algorithm
            ),
            json!(found),
        ),
        None => fail("none by default", json!(found)),
    })
}

fn public(id: &'static str, title: &'static str, b: &BucketFacts) -> CheckResult {
    let open = b.policy.as_ref().ok().and_then(Option::as_ref).is_some_and(allows_everybody);
    control(id, title, ACCESS).of(&b.public_access_blocked, |blocked| match (blocked, open) {
        (true, false) => pass(
            "public access is blocked",
            json!({ "blocked": blocked, "policy_allows_everybody": open }),
        ),
        (_, true) => fail(
            "the bucket's policy allows everybody",
            json!({ "blocked": blocked, "policy_allows_everybody": open }),
        ),
        (false, _) => fail(
            "Block Public Access is not on, or not in all four parts",
            json!({ "blocked": blocked, "policy_allows_everybody": open }),
        ),
    })
}

fn transport(id: &'static str, title: &'static str, b: &BucketFacts) -> CheckResult {
    control(id, title, TRANSPORT).of(&b.policy, |p| {
        let policy = p.as_ref().unwrap_or(&Value::Null);
        let key = format!("{}entries/x", b.prefix);
        let denied = |action, context| denies(policy, &object(b, action, &key, context).request());
        let http: &[(&str, &str)] = &[("aws:securetransport", "false")];
        let old: &[(&str, &str)] = &[("aws:securetransport", "true"), ("s3:tlsversion", "1.1")];
        for action in ["s3:GetObject", "s3:PutObject"] {
            if !denied(action, http) {
                return fail(
                    format!("{action} without TLS is not denied: deny aws:SecureTransport false"),
                    Value::Null,
                );
            }
            if !denied(action, old) {
                return warn(
                    format!("{action} with TLS 1.1 is not denied: deny s3:TlsVersion below 1.2"),
                    Value::Null,
                );
            }
        }
        pass("anything else is denied", Value::Null)
    })
}

/// What the log is made of, in one key each.
fn log_keys(b: &BucketFacts) -> [String; 3] {
    let day = "2026-01-01";
    [
        format!("{}entries/{day}/s/x.batch", b.prefix),
        format!("{}manifests/{day}.ndjson", b.prefix),
        format!("{}checkpoints/{day}", b.prefix),
    ]
}

fn unconditional(b: &BucketFacts, policy: Option<&Value>) -> (Status, String, Value) {
    let policy = policy.unwrap_or(&Value::Null);
    // Those the policy makes exceptions for elsewhere are the ones who may write at all.
    let named = named_principals(policy);
    let create: &[(&str, &str)] = &[
        ("s3:objectcreationoperation", "true"),
        ("aws:securetransport", "true"),
        ("s3:tlsversion", "1.3"),
    ];
    for key in log_keys(b) {
        for principal in named.iter().map(String::as_str).chain([ANYBODY]) {
            let probe = Probe { principal, ..object(b, "s3:PutObject", &key, create) };
            if !denies(policy, &probe.request()) {
                let what = format!(
                    "{principal} may put {key} without If-None-Match: deny s3:PutObject where s3:if-none-match is null"
                );
                return fail(what, json!({ "key": key, "principal": principal }));
            }
        }
    }
    pass(
        "a put without If-None-Match is denied, for administrators too",
        json!({ "tried_as": named }),
    )
}

fn removal(b: &BucketFacts, policy: Option<&Value>) -> (Status, String, Value) {
    let policy = policy.unwrap_or(&Value::Null);
    let on_objects = [
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:BypassGovernanceRetention",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
    ];
    for key in log_keys(b) {
        for action in on_objects {
            if !denies(policy, &object(b, action, &key, &[]).request()) {
                return fail(
                    format!(
                        "{action} on {key} is not denied: a delete marker alone opens a key again"
                    ),
                    json!({ "action": action }),
                );
            }
        }
    }
    for action in [
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutLifecycleConfiguration",
    ] {
        if !denies(policy, &bucket(b, action).request()) {
            return fail(
                format!("{action} is not denied: whoever may do it can lift the rest"),
                json!({ "action": action }),
            );
        }
    }
    let key = &log_keys(b)[0];
    let spared = |principal: &String| {
        let probe = Probe { principal, ..object(b, "s3:DeleteObject", key, &[]) };
        !denies(policy, &probe.request())
    };
    let exceptions: Vec<String> = named_principals(policy).into_iter().filter(spared).collect();
    let found = json!({ "exceptions": exceptions });
    match exceptions.len() {
        n if n > FEW => {
            warn(format!("denied, but for {n} principals: {}", exceptions.join(", ")), found)
        }
        0 => pass("denied to everybody", found),
        _ => pass(format!("denied to all but {}", exceptions.join(", ")), found),
    }
}

fn other_key(b: &BucketFacts, policy: Option<&Value>) -> (Status, String, Value) {
    let policy = policy.unwrap_or(&Value::Null);
    const HEADER: &str = "s3:x-amz-server-side-encryption-aws-kms-key-id";
    let foreign: &[(&str, &str)] = &[
        ("s3:if-none-match", "*"),
        ("s3:objectcreationoperation", "true"),
        ("aws:securetransport", "true"),
        ("s3:tlsversion", "1.3"),
        ("s3:x-amz-server-side-encryption", "aws:kms"),
        (HEADER, "arn:aws:kms:eu-west-1:000000000000:key/foreign"),
    ];
    let named = named_principals(policy);
    for principal in named.iter().map(String::as_str).chain([ANYBODY]) {
        let probe = Probe { principal, ..object(b, "s3:PutObject", &log_keys(b)[0], foreign) };
        if !denies(policy, &probe.request()) {
            return fail(
                format!(
                    "{principal} may encrypt with another account's key, and withdraw it: deny another {HEADER}"
                ),
                Value::Null,
            );
        }
    }
    pass("a put that names another key is denied", Value::Null)
}

fn region(facts: &Facts) -> CheckResult {
    control("B13", "evidence: where it may lie", &["GDPR 44", "SOC2 C1.1"]).of(
        &facts.evidence.region,
        |region| {
            let all = json!({ "evidence": region, "allowed": facts.regions });
            if facts.regions.is_empty() {
                return pass(format!("{region}; no regions were named, so any will do"), all);
            }
            let buckets = [Some(&facts.evidence), Some(&facts.state), facts.content.as_ref()];
            for b in buckets.into_iter().flatten() {
                match &b.region {
                    Ok(r) if facts.regions.contains(r) => {}
                    Ok(r) => {
                        return fail(
                            format!(
                                "{} lies in {r}, expected {}",
                                b.name,
                                facts.regions.join(" or ")
                            ),
                            all,
                        );
                    }
                    Err(e) => return warn(format!("{}: {e}", b.name), all),
                }
            }
            pass(format!("all buckets in {}", facts.regions.join(", ")), all)
        },
    )
}

pub(super) fn pass(detail: impl Into<String>, evidence: Value) -> (Status, String, Value) {
    (Pass, detail.into(), evidence)
}

pub(super) fn warn(detail: impl Into<String>, evidence: Value) -> (Status, String, Value) {
    (Warn, detail.into(), evidence)
}

pub(super) fn fail(detail: impl Into<String>, evidence: Value) -> (Status, String, Value) {
    (Fail, detail.into(), evidence)
}

fn or_none(found: Option<&str>) -> &str {
    found.unwrap_or("none")
}
