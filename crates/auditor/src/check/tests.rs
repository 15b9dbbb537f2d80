//! One good deployment, and many that are broken in one place each.

use dayseal_format::{Policy, UnixMillis, VerifierKey};
use serde_json::json;

use super::*;

const ADMIN: &str = "arn:aws:iam::111122223333:role/deploy";
const PRODUCER: &str = "arn:aws:iam::111122223333:role/dayseal-producer-main";
const SEALER: &str = "arn:aws:iam::111122223333:role/dayseal-sealer";

fn soc2() -> &'static Profile {
    Profile::named("soc2").unwrap()
}

fn guards(bucket: &str) -> Vec<Value> {
    let (all, below) = (format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*"));
    let deny = |action: Value, resource: Value, condition: Value| json!({"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition});
    vec![
        deny(json!("s3:*"), json!([all, below]), json!({"Bool": {"aws:SecureTransport": "false"}})),
        deny(
            json!("s3:*"),
            json!([all, below]),
            json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        ),
        deny(
            json!("s3:PutObject"),
            json!(below),
            json!({"Null": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "false"},
            "StringNotEquals": {"s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/storage"}}),
        ),
        deny(
            json!("s3:PutObject"),
            json!(below),
            json!({"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}),
        ),
        deny(
            json!([
                "s3:DeleteObject",
                "s3:DeleteObjectVersion",
                "s3:BypassGovernanceRetention",
                "s3:PutObjectRetention",
                "s3:PutObjectLegalHold"
            ]),
            json!(below),
            json!({"ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
        ),
        deny(
            json!([
                "s3:PutBucketPolicy",
                "s3:DeleteBucketPolicy",
                "s3:PutBucketVersioning",
                "s3:PutLifecycleConfiguration"
            ]),
            json!(all),
            json!({"ArnNotEquals": {"aws:PrincipalArn": ADMIN}}),
        ),
        deny(
            json!("s3:PutObject"),
            json!(format!("{below}/entries/*")),
            json!({"ArnNotEquals": {"aws:PrincipalArn": [PRODUCER]}}),
        ),
        deny(
            json!("s3:PutObject"),
            json!(format!("{below}/manifests/*")),
            json!({"ArnNotEquals": {"aws:PrincipalArn": [SEALER]}}),
        ),
    ]
}

fn rule(id: &str, prefix: &str, days: u32) -> LifecycleRule {
    let (id, prefix) = (id.into(), prefix.into());
    LifecycleRule {
        id,
        prefix,
        enabled: true,
        expiration_days: Some(days),
        noncurrent_days: Some(7),
        ..LifecycleRule::default()
    }
}

fn bucket(name: &str) -> BucketFacts {
    let housekeeping = LifecycleRule {
        id: "housekeeping".into(),
        enabled: true,
        removes_markers: true,
        abort_days: Some(1),
        ..LifecycleRule::default()
    };
    BucketFacts {
        name: name.into(),
        prefix: "main/".into(),
        region: Ok("eu-west-1".into()),
        versioning: Ok(Some("Enabled".into())),
        lock: Ok(Some(BucketLock { retention: Some((LockMode::Governance, 366)) })),
        encryption: Ok(Some(Encryption {
            algorithm: "aws:kms".into(),
            key: Some("arn:aws:kms:eu-west-1:111122223333:key/storage".into()),
            bucket_key: true,
        })),
        public_access_blocked: Ok(true),
        policy: Ok(Some(json!({ "Statement": guards(name) }))),
        lifecycle: Ok(vec![
            rule("entries", "main/entries/", 373),
            rule("manifests", "main/manifests/", 738),
            housekeeping,
        ]),
        ownership: Ok(Some("BucketOwnerEnforced".into())),
        access_log: Ok(Some("access".into())),
        replicas: Ok(vec!["arn:aws:s3:::copy".into()]),
    }
}

fn key(name: &str, policy: Value) -> KeyFacts {
    KeyFacts {
        arn: format!("arn:aws:kms:eu-west-1:111122223333:key/{name}"),
        state: Some("Enabled".into()),
        rotates: Some(true),
        policy: Ok(Some(policy)),
    }
}

fn good() -> Facts {
    let now: UnixMillis = "2026-11-21T06:00:00.000Z".parse().unwrap();
    let content = BucketFacts {
        versioning: Ok(None),
        lock: Ok(None),
        lifecycle: Ok(vec![rule("content", "main/content/", 90)]),
        replicas: Ok(vec![]),
        ..bucket("content")
    };
    let only_sealer = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": SEALER}}}]});
    let schedule = |name: &str| {
        let queue =
            QueueFacts { arn: "arn:aws:sqs:eu-west-1:111122223333:dead".into(), messages: Ok(0) };
        Ok(ScheduleFacts {
            name: name.into(),
            enabled: true,
            expression: "rate(1 hour)".into(),
            target: "arn:aws:lambda:eu-west-1:111122223333:function:dayseal-seal".into(),
            dead_letters: Some(queue),
        })
    };
    let vkey: VerifierKey =
        "audit.example.com/acme/prod+db22d6f9+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
            .parse()
            .unwrap();
    let mut policy = Policy::new(
        "audit.example.com/acme/prod".parse().unwrap(),
        vkey,
        "2026-01-01".parse().unwrap(),
    );
    policy.retention_floor = 366;
    policy.wrapping_keys.push("arn:aws:kms:eu-west-1:111122223333:key/data".into());
    policy.services.insert("api".parse().unwrap(), 2);
    let signing = KeyFacts { rotates: None, ..key("signing", only_sealer) };
    Facts {
        now,
        evidence: bucket("evidence"),
        state: bucket("state"),
        content: Some(content),
        storage_key: Ok(Some(key("storage", Value::Null))),
        data_key: Ok(Some(key("data", Value::Null))),
        signing_key: Ok(Some(signing)),
        schedules: vec![schedule("dayseal/seal-main"), schedule("dayseal/verify-main")],
        log: LogFacts {
            newest_sealed: Ok(Some("2026-11-20".parse().unwrap())),
            keep_until: Ok(Some("2027-11-21".parse().unwrap())),
            verified: Ok(Some(VerifyFacts {
                at: "2026-11-21T03:30:00.000Z".parse().unwrap(),
                exit_code: 0,
            })),
            local_key_file: false,
        },
        policy: Some(policy),
        regions: vec!["eu-west-1".into()],
    }
}

/// What is not PASS.
fn bad(report: &CheckReport) -> Vec<(&'static str, Status)> {
    report.checks.iter().filter(|c| c.status != Status::Pass).map(|c| (c.id, c.status)).collect()
}

#[test]
fn the_good_deployment_passes_every_check() {
    let report = judge(&good(), soc2());
    assert_eq!(
        bad(&report),
        [],
        "{:#?}",
        report.checks.iter().filter(|c| c.status != Status::Pass).collect::<Vec<_>>()
    );
    assert_eq!((report.exit_code, report.failed, report.warnings), (0, 0, 0));
    assert_eq!(report.passed, report.checks.len());
    let ids: Vec<_> = report.checks.iter().map(|c| c.id).collect();
    assert!(ids.len() >= 40, "{ids:?}");
    assert!(report.checks.iter().all(|c| !c.controls.is_empty() && !c.detail.is_empty()));
}

/// A way to break the good deployment.
type Break = fn(&mut Facts);

fn statements(b: &mut BucketFacts) -> &mut Vec<Value> {
    b.policy.as_mut().unwrap().as_mut().unwrap()["Statement"].as_array_mut().unwrap()
}

fn rules(b: &mut BucketFacts) -> &mut Vec<LifecycleRule> {
    b.lifecycle.as_mut().unwrap()
}

fn content(f: &mut Facts) -> &mut BucketFacts {
    f.content.as_mut().unwrap()
}

fn policy(f: &mut Facts) -> &mut Policy {
    f.policy.as_mut().unwrap()
}

fn schedule(f: &mut Facts) -> &mut ScheduleFacts {
    f.schedules[0].as_mut().unwrap()
}

fn verified(f: &mut Facts) -> &mut VerifyFacts {
    f.log.verified.as_mut().unwrap().as_mut().unwrap()
}

#[test]
fn each_broken_deployment_fails_just_where_it_is_broken() {
    use Status::{Fail, Warn};
    let broken: &[(&str, &str, Status, Break)] = &[
        ("versioning suspended", "B01", Fail, |f| {
            f.evidence.versioning = Ok(Some("Suspended".into()))
        }),
        ("never versioned", "B01", Fail, |f| f.evidence.versioning = Ok(None)),
        ("lock too short", "B02", Fail, |f| {
            f.evidence.lock = Ok(Some(BucketLock { retention: Some((LockMode::Governance, 365)) }))
        }),
        ("default encryption is AWS's", "B04", Warn, |f| {
            f.evidence.encryption.as_mut().unwrap().as_mut().unwrap().key = None
        }),
        ("no bucket key", "B04", Warn, |f| {
            f.evidence.encryption.as_mut().unwrap().as_mut().unwrap().bucket_key = false
        }),
        ("not encrypted", "B04", Fail, |f| f.evidence.encryption = Ok(None)),
        ("public access not blocked", "B05", Fail, |f| {
            f.evidence.public_access_blocked = Ok(false)
        }),
        ("everybody may read", "B05", Fail, |f| {
            statements(&mut f.evidence).push(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}))
        }),
        ("plain HTTP", "B06", Fail, |f| drop(statements(&mut f.evidence).remove(0))),
        ("old TLS", "B06", Warn, |f| drop(statements(&mut f.evidence).remove(1))),
        ("another key may encrypt", "B09", Fail, |f| drop(statements(&mut f.evidence).remove(2))),
        ("blind overwrites", "B07", Fail, |f| drop(statements(&mut f.evidence).remove(3))),
        ("blind overwrites of manifests", "B07", Fail, |f| {
            statements(&mut f.evidence)[3]["Resource"] =
                "arn:aws:s3:::evidence/main/entries/*".into()
        }),
        ("blind overwrites by the producer", "B07", Fail, |f| {
            statements(&mut f.evidence)[3]["Condition"]["ArnNotEquals"] =
                json!({"aws:PrincipalArn": PRODUCER})
        }),
        ("a typing error in a condition", "B07", Fail, |f| {
            statements(&mut f.evidence)[3]["Condition"] =
                json!({"Nul": {"s3:if-none-match": "true"}})
        }),
        ("deletes allowed", "B08", Fail, |f| drop(statements(&mut f.evidence).remove(4))),
        ("versions may be deleted", "B08", Fail, |f| {
            statements(&mut f.evidence)[4]["Action"] = json!([
                "s3:DeleteObject",
                "s3:BypassGovernanceRetention",
                "s3:PutObjectRetention",
                "s3:PutObjectLegalHold"
            ])
        }),
        ("the policy may be removed", "B08", Fail, |f| drop(statements(&mut f.evidence).remove(5))),
        ("many may delete", "B08", Warn, |f| {
            statements(&mut f.evidence)[4]["Condition"]["ArnNotEquals"]["aws:PrincipalArn"] =
                json!([ADMIN, "arn:aws:iam::1:role/b", "arn:aws:iam::1:role/c"])
        }),
        ("expires before the floor", "B10", Fail, |f| {
            rules(&mut f.evidence)[0].expiration_days = Some(365)
        }),
        ("an overlapping shorter rule", "B10", Fail, |f| {
            rules(&mut f.evidence).push(rule("tmp", "main/entries/2026", 30))
        }),
        ("a shorter rule by tag", "B10", Fail, |f| {
            rules(&mut f.evidence).push(LifecycleRule { narrowed: true, ..rule("tag", "", 30) })
        }),
        ("expires at a date", "B10", Fail, |f| rules(&mut f.evidence)[0].expires_at_a_date = true),
        ("manifests first", "B10", Fail, |f| rules(&mut f.evidence)[1].expiration_days = Some(370)),
        ("only marked, never deleted", "B10", Fail, |f| {
            rules(&mut f.evidence)[0].noncurrent_days = None
        }),
        ("versions gone at once", "B10", Fail, |f| {
            rules(&mut f.evidence)[0].noncurrent_days = Some(0)
        }),
        ("markers stay", "B10", Warn, |f| rules(&mut f.evidence)[2].removes_markers = false),
        ("uploads stay", "B10", Warn, |f| rules(&mut f.evidence)[2].abort_days = None),
        ("kept for ever", "B10", Warn, |f| drop(rules(&mut f.evidence).remove(0))),
        ("a rule switched off", "B10", Warn, |f| rules(&mut f.evidence)[0].enabled = false),
        ("cold within the hot window", "B11", Fail, |f| {
            rules(&mut f.evidence)[0].transitions.push((30, "GLACIER".into()))
        }),
        ("no copy", "B12", Warn, |f| f.evidence.replicas = Ok(vec![])),
        ("in another region", "B13", Fail, |f| f.state.region = Ok("us-east-1".into())),
        ("access not logged", "B14", Warn, |f| f.evidence.access_log = Ok(None)),
        ("access logged into itself", "B14", Fail, |f| {
            f.evidence.access_log = Ok(Some("evidence".into()))
        }),
        ("ACLs count", "B15", Fail, |f| f.evidence.ownership = Ok(Some("ObjectWriter".into()))),
        ("content has versions", "C01", Fail, |f| {
            content(f).versioning = Ok(Some("Suspended".into()))
        }),
        ("content is locked", "C02", Fail, |f| {
            content(f).lock = Ok(Some(BucketLock { retention: None }))
        }),
        ("content lives too long", "C03", Fail, |f| {
            rules(content(f))[0].expiration_days = Some(181)
        }),
        ("content lives for ever", "C03", Fail, |f| rules(content(f)).clear()),
        ("content is public", "C05", Fail, |f| content(f).public_access_blocked = Ok(false)),
        ("content is copied", "C07", Warn, |f| {
            content(f).replicas = Ok(vec!["arn:aws:s3:::x".into()])
        }),
        ("state in clear", "T04", Fail, |f| f.state.encryption = Ok(None)),
        ("state without TLS", "T06", Fail, |f| drop(statements(&mut f.state).remove(0))),
        ("the head may be deleted", "T08", Warn, |f| drop(statements(&mut f.state).remove(4))),
        ("a key file", "K00", Warn, |f| f.log.local_key_file = true),
        ("a key that never rotates", "K01", Warn, |f| {
            f.data_key.as_mut().unwrap().as_mut().unwrap().rotates = Some(false)
        }),
        ("a key about to be deleted", "K02", Fail, |f| {
            f.storage_key.as_mut().unwrap().as_mut().unwrap().state = Some("PendingDeletion".into())
        }),
        ("a signing key switched off", "K02", Fail, |f| {
            f.signing_key.as_mut().unwrap().as_mut().unwrap().state = Some("Disabled".into())
        }),
        ("anybody may sign", "K03", Fail, |f| {
            f.signing_key.as_mut().unwrap().as_mut().unwrap().policy =
                Ok(Some(json!({"Statement": []})))
        }),
        ("one key for all", "K04", Fail, |f| f.data_key = f.storage_key.clone()),
        ("a schedule off", "S01", Fail, |f| schedule(f).enabled = false),
        ("no schedule named", "S01", Warn, |f| f.schedules.clear()),
        ("no dead-letter queue", "S02", Fail, |f| schedule(f).dead_letters = None),
        ("runs in the dead-letter queue", "S02", Fail, |f| {
            schedule(f).dead_letters.as_mut().unwrap().messages = Ok(2)
        }),
        ("not sealed for days", "S03", Fail, |f| {
            f.log.newest_sealed = Ok(Some("2026-11-18".parse().unwrap()))
        }),
        ("never verified", "S04", Fail, |f| f.log.verified = Ok(None)),
        ("verified long ago", "S04", Fail, |f| {
            verified(f).at = "2026-11-20T03:00:00.000Z".parse().unwrap()
        }),
        ("verified and found wanting", "S04", Fail, |f| verified(f).exit_code = 4),
        ("promises too little", "S05", Fail, |f| {
            f.log.keep_until = Ok(Some("2027-11-20".parse().unwrap()))
        }),
        ("no policy", "P01", Fail, |f| f.policy = None),
        ("a policy without a floor", "P01", Fail, |f| policy(f).retention_floor = 0),
        ("a policy without keys", "P01", Fail, |f| policy(f).wrapping_keys.clear()),
        ("a policy that expects nobody", "P01", Warn, |f| policy(f).services.clear()),
    ];
    assert!(broken.len() >= 20);
    for (what, id, status, breaks) in broken {
        let mut facts = good();
        breaks(&mut facts);
        let report = judge(&facts, soc2());
        assert_eq!(
            bad(&report),
            [(*id, *status)],
            "{what}: {:#?}",
            report.checks.iter().filter(|c| c.status != Status::Pass).collect::<Vec<_>>()
        );
        assert_eq!(report.exit_code, u8::from(*status == Fail), "{what}");
    }
}

#[test]
fn breaks_that_show_in_two_places() {
    let cases: &[(&str, &[&str], Break)] = &[
        ("no lock at all", &["B02", "B03"], |f| f.evidence.lock = Ok(None)),
        ("a lock without default", &["B02", "B03"], |f| {
            f.evidence.lock = Ok(Some(BucketLock { retention: None }))
        }),
        ("no policy on the bucket", &["B06", "B07", "B08", "B09"], |f| {
            f.evidence.policy = Ok(None)
        }),
        ("state in the evidence", &["T01"], |f| f.state.name = "evidence".into()),
        ("nothing sealed yet", &["S03", "S05"], |f| {
            f.log.newest_sealed = Ok(None);
            f.log.keep_until = Ok(None);
        }),
    ];
    for (what, ids, breaks) in cases {
        let mut facts = good();
        breaks(&mut facts);
        let found: Vec<_> = bad(&judge(&facts, soc2())).into_iter().map(|(id, _)| id).collect();
        for id in *ids {
            assert!(found.contains(id), "{what}: {found:?}");
        }
    }
}

#[test]
fn what_could_not_be_read_is_never_a_pass() {
    let denied = || Unread("AccessDenied".into());
    let mut facts = good();
    facts.evidence.policy = Err(denied());
    facts.evidence.lifecycle = Err(denied());
    facts.data_key = Err(denied());
    facts.log.verified = Err(denied());
    let report = judge(&facts, soc2());
    assert_eq!(report.exit_code, 3);
    for id in ["B06", "B07", "B08", "B09", "B10", "B11", "K01", "K02", "K04", "S04"] {
        let found = report.checks.iter().find(|c| c.id == id).unwrap();
        assert!(
            found.status == Status::Warn && found.unread && found.detail.contains("AccessDenied"),
            "{found:?}"
        );
    }
    facts.evidence.versioning = Ok(None);
    assert_eq!(judge(&facts, soc2()).exit_code, 1, "a failure is worse");
}

#[test]
fn profiles_ask_for_more() {
    let of = |name: &str| {
        let report = judge(&good(), Profile::named(name).unwrap());
        bad(&report)
    };
    assert_eq!(of("ai-act"), []);
    assert_eq!(of("pci"), [("B03", Status::Warn)]);
    let sec = of("sec");
    for expected in [
        ("B02", Status::Fail),
        ("B03", Status::Fail),
        ("B10", Status::Fail),
        ("S05", Status::Fail),
        ("P01", Status::Fail),
    ] {
        assert!(sec.contains(&expected), "{sec:?}");
    }
    assert!(Profile::named("none").is_none());
}

/// The table in `infra/` and the one here say the same.
#[test]
fn profiles_agree_with_infra() {
    let rules = include_str!("../../../../infra/retention/rules.tf");
    for p in Profile::ALL {
        let mode = format!("{:?}", p.lock).to_uppercase();
        let line = rules
            .lines()
            .find(|l| l.trim_start().starts_with(&format!("{} ", p.name)))
            .unwrap_or_else(|| panic!("{} is not in infra", p.name));
        let says =
            |what: &str| assert!(line.contains(what), "{}: expected {what} in {line}", p.name);
        says(&format!("floor = {}", p.floor_days));
        says(&format!("hot = {}", p.hot_days));
        says(&format!("mode = \"{mode}\""));
    }
    let count = rules.lines().filter(|l| l.contains("{ floor = ")).count();
    assert_eq!(count, Profile::ALL.len());
    assert!(rules.contains(&format!("content_ceiling = {}", Profile::ALL[0].content_ceiling_days)));
}
