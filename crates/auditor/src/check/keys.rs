//! The keys: whose, in what state, and who may use them.

use serde_json::{Value, json};

use super::bucket::{fail, pass, warn};
use super::facts::{Fact, Facts, KeyFacts};
use super::iam::{Request, denies};
use super::{CheckResult, Control, Status};

const SEPARATION: &[&str] = &["SOC2 CC6.1", "GDPR 32", "NIST AU-9(4)"];
const LIFE: &[&str] = &["SOC2 CC6.1", "HIPAA 164.312(a)(2)(iv)", "PCI 3.7"];

/// Any principal of no deployment.
const ANYBODY: &str = "arn:aws:iam::000000000000:role/dayseal-check-anybody";

pub(super) fn keys(facts: &Facts, out: &mut Vec<CheckResult>) {
    let c = Control {
        id: "K00",
        title: "keys: where they are kept",
        controls: &["SOC2 CC6.1", "PCI 3.6.1"],
    };
    let local = facts.log.local_key_file;
    out.push(c.result(
        if local { Status::Warn } else { Status::Pass },
        if local {
            "a local key file: whoever reads the file can read, forge and sign; prefer KMS"
        } else {
            "in KMS or Secrets Manager"
        },
        json!({ "local_key_file": local }),
    ));
    let each = [
        ("data key", &facts.data_key),
        ("storage key", &facts.storage_key),
        ("signing key", &facts.signing_key),
    ];
    let rotation = Control { id: "K01", title: "keys: rotation", controls: LIFE };
    out.push(over(rotation, &each[..2], |name, key| match key.rotates {
        Some(true) => pass("each year", Value::Null),
        Some(false) => warn(format!("the {name} {} does not rotate", key.arn), json!(key)),
        None => pass("not of a kind that rotates", Value::Null),
    }));
    let state = Control { id: "K02", title: "keys: usable", controls: LIFE };
    out.push(over(state, &each, |name, key| match key.state.as_deref() {
        None | Some("Enabled") => pass("enabled", Value::Null),
        Some(other) => fail(format!("the {name} {} is {other}: what it encrypted cannot be read, nor the log sealed; cancel that now", key.arn), json!(key)),
    }));
    out.push(separation(facts));
    let one = Control { id: "K04", title: "keys: data and storage apart", controls: SEPARATION };
    out.push(match (&facts.data_key, &facts.storage_key) {
        (Ok(Some(data)), Ok(Some(storage))) if data.arn == storage.arn => one.result(
            Status::Fail,
            "one key for both: whoever may read through S3 may open entries",
            json!({ "key": data.arn }),
        ),
        (Err(e), _) | (_, Err(e)) => {
            one.of(&Fact::<()>::Err(e.clone()), |()| pass("", Value::Null))
        }
        _ => one.result(Status::Pass, "two keys", Value::Null),
    });
}

/// The worst of a judgement over several keys.
fn over(
    control: Control,
    keys: &[(&str, &Fact<Option<KeyFacts>>)],
    judge: impl Fn(&str, &KeyFacts) -> (Status, String, Value),
) -> CheckResult {
    let results = keys.iter().filter_map(|(name, fact)| match fact {
        Ok(None) => None,
        Ok(Some(key)) => Some(control.of(&Ok(key), |key| judge(name, key))),
        Err(unread) => {
            Some(control.of(&Fact::<()>::Err(unread.clone()), |()| pass("", Value::Null)))
        }
    });
    let none = || control.result(Status::Pass, "no key of this kind is in KMS", Value::Null);
    results.max_by_key(|r| r.status).unwrap_or_else(none)
}

/// K03: that nobody but the sealer signs is a Deny, so that no later Allow can change it.
fn separation(facts: &Facts) -> CheckResult {
    let control = Control { id: "K03", title: "keys: only the sealer signs", controls: SEPARATION };
    let signing = match &facts.signing_key {
        Ok(Some(key)) => key,
        Ok(None) => {
            return control.result(
                Status::Warn,
                "a local key: the file's permissions decide",
                Value::Null,
            );
        }
        Err(e) => return control.of(&Fact::<()>::Err(e.clone()), |()| pass("", Value::Null)),
    };
    let secret = signing.arn.contains(":secretsmanager:");
    let action = if secret { "secretsmanager:GetSecretValue" } else { "kms:Sign" };
    control.of(&signing.policy, |policy| {
        let policy = policy.as_ref().unwrap_or(&Value::Null);
        let anybody = Request { action, resource: &signing.arn, principal: ANYBODY, context: &[] };
        if denies(policy, &anybody) {
            pass(format!("{action} is denied to everybody else"), json!({ "key": signing.arn }))
        } else {
            fail(format!("{action} on {} is not denied to others: an administrator could sign another history", signing.arn), json!({ "key": signing.arn }))
        }
    })
}
