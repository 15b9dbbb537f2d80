//! Whether a resource policy denies a request: enough of IAM's evaluation to judge Deny statements.
//!
//! Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements". An operator that
//! is not known here makes its statement not match: a control is then reported as missing, never as
//! present.

use serde_json::Value;

/// A request as a policy sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) principal: &'a str,
    /// Condition keys, in lower case.
    pub(super) context: &'a [(&'a str, &'a str)],
}

/// Whether some statement denies it to this principal.
pub(super) fn denies(policy: &Value, request: &Request<'_>) -> bool {
    statements(policy).any(|s| s["Effect"] == "Deny" && matches(s, request))
}

/// Whether some statement allows it to everybody, without a condition.
pub(super) fn allows_everybody(policy: &Value) -> bool {
    let open = |s: &Value| {
        s["Effect"] == "Allow" && everybody(&s["Principal"]) && s["Condition"].is_null()
    };
    statements(policy).any(open)
}

/// Principals that conditions on `aws:PrincipalArn` name: those a policy makes exceptions for.
pub(super) fn named_principals(policy: &Value) -> Vec<String> {
    let mut names: Vec<String> = statements(policy)
        .filter_map(|s| s["Condition"].as_object())
        .flat_map(|operators| operators.values())
        .filter_map(Value::as_object)
        .flatten()
        .filter(|(key, _)| key.eq_ignore_ascii_case("aws:principalarn"))
        .flat_map(|(_, values)| texts(values))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

fn statements(policy: &Value) -> impl Iterator<Item = &Value> {
    let (one, many) = match &policy["Statement"] {
        Value::Array(many) => (None, many.as_slice()),
        one @ Value::Object(_) => (Some(one), [].as_slice()),
        _ => (None, [].as_slice()),
    };
    one.into_iter().chain(many)
}

fn everybody(principal: &Value) -> bool {
    principal.as_str() == Some("*") || texts(&principal["AWS"]).any(|p| p == "*")
}

fn matches(statement: &Value, request: &Request<'_>) -> bool {
    everybody(&statement["Principal"])
        && element(statement, "Action", "NotAction", &request.action.to_ascii_lowercase(), true)
        && element(statement, "Resource", "NotResource", request.resource, false)
        && conditions(&statement["Condition"], request)
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
fn element(statement: &Value, yes: &str, no: &str, found: &str, fold: bool) -> bool {
    let any = |patterns: &Value| {
        texts(patterns).any(|p| {
            like(
                if fold { p.to_ascii_lowercase() } else { p.to_owned() }.as_bytes(),
                found.as_bytes(),
            )
        })
    };
    match (&statement[yes], &statement[no]) {
        (Value::Null, Value::Null) => false,
        (Value::Null, not) => !any(not),
        (patterns, _) => any(patterns),
    }
}

fn conditions(all: &Value, request: &Request<'_>) -> bool {
    let Some(operators) = all.as_object() else { return all.is_null() };
    operators.iter().all(|(operator, keys)| {
        keys.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, values)| {
                condition(operator, &key.to_ascii_lowercase(), values, request)
            })
        })
    })
}

fn condition(operator: &str, key: &str, values: &Value, request: &Request<'_>) -> bool {
    let found = match key {
        "aws:principalarn" => Some(request.principal),
        _ => request.context.iter().find(|(k, _)| *k == key).map(|(_, v)| *v),
    };
    if operator == "Null" {
        return texts(values).any(|v| v == if found.is_none() { "true" } else { "false" });
    }
    let (name, if_exists) = match operator.strip_suffix("IfExists") {
        Some(name) => (name, true),
        None => (operator, false),
    };
    let negated = name.contains("Not");
    let Some(found) = found else { return if_exists || negated };
    let equal = |v: &str| v == found;
    let similar = |v: &str| like(v.as_bytes(), found.as_bytes());
    let number = |compare: fn(f64, f64) -> bool| {
        let found = found.parse::<f64>().ok();
        texts(values).any(|v| matches!((found, v.parse()), (Some(f), Ok(v)) if compare(f, v)))
    };
    match name {
        "Bool" => texts(values).any(|v| v.eq_ignore_ascii_case(found)),
        "StringEquals" => texts(values).any(equal),
        "StringNotEquals" => !texts(values).any(equal),
        "StringLike" | "ArnEquals" | "ArnLike" => texts(values).any(similar),
        "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => !texts(values).any(similar),
        "NumericLessThan" => number(|f, v| f < v),
        "NumericLessThanEquals" => number(|f, v| f <= v),
        "NumericGreaterThan" => number(|f, v| f > v),
        "NumericGreaterThanEquals" => number(|f, v| f >= v),
        "NumericEquals" => number(|f, v| f == v),
        _ => false,
    }
}

/// A text, or the texts of a list; booleans and numbers as JSON writes them.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Value::Array(many) => (None, many.as_slice()),
        Value::Null => (None, [].as_slice()),
        one => (Some(one), [].as_slice()),
    };
    one.into_iter().chain(many).map(|v| match v {
        Value::String(text) => text.as_str(),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        _ => "",
    })
}

/// `*` and `?`, as IAM has them.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((sp, st)) = star {
            star = Some((sp, st + 1));
            (p, t) = (sp + 1, st + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OBJECT: &str = "arn:aws:s3:::b/main/entries/x";

    fn request<'a>(action: &'a str, context: &'a [(&'a str, &'a str)]) -> Request<'a> {
        let principal = "arn:aws:iam::111122223333:role/admin";
        Request { action, resource: OBJECT, principal, context }
    }

    fn deny(condition: Value) -> Value {
        json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": ["s3:Put*", "s3:DeleteObject"],
            "Resource": "arn:aws:s3:::b/*", "Condition": condition}]})
    }

    #[test]
    fn actions_resources_and_principals() {
        let all = deny(Value::Null);
        assert!(denies(&all, &request("s3:PutObject", &[])));
        assert!(denies(&all, &request("s3:deleteobject", &[])));
        assert!(!denies(&all, &request("s3:GetObject", &[])));
        let bucket = Request { resource: "arn:aws:s3:::b", ..request("s3:PutObject", &[]) };
        assert!(!denies(&all, &bucket));
        for principal in
            [json!({"AWS": "arn:aws:iam::1:root"}), json!({"Service": "x"}), Value::Null]
        {
            let mut one = all.clone();
            one["Statement"][0]["Principal"] = principal;
            assert!(!denies(&one, &request("s3:PutObject", &[])));
        }
        let mut allow = all.clone();
        allow["Statement"][0]["Effect"] = "Allow".into();
        assert!(!denies(&allow, &request("s3:PutObject", &[])) && allows_everybody(&allow));
        let not = json!({"Statement": {"Effect": "Deny", "Principal": {"AWS": ["*"]}, "NotAction": "s3:Get*",
            "NotResource": "arn:aws:s3:::c/*"}});
        assert!(
            denies(&not, &request("s3:PutObject", &[]))
                && !denies(&not, &request("s3:GetObject", &[]))
        );
    }

    #[test]
    fn conditions_as_iam_evaluates_them() {
        let put = |condition: Value, context: &[(&str, &str)]| {
            denies(&deny(condition), &request("s3:PutObject", context))
        };
        let tls = json!({"Bool": {"aws:SecureTransport": "false"}});
        assert!(put(tls.clone(), &[("aws:securetransport", "false")]));
        assert!(!put(tls.clone(), &[("aws:securetransport", "true")]) && !put(tls, &[]));
        let null = json!({"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": true}});
        let create = ("s3:objectcreationoperation", "true");
        assert!(put(null.clone(), &[create]));
        assert!(!put(null.clone(), &[create, ("s3:if-none-match", "*")]) && !put(null, &[]));
        let old = json!({"NumericLessThan": {"s3:TlsVersion": "1.2"}});
        assert!(
            put(old.clone(), &[("s3:tlsversion", "1.1")]) && !put(old, &[("s3:tlsversion", "1.3")])
        );
        let key = json!({"StringNotEquals": {"k": "a"}});
        assert!(put(key.clone(), &[("k", "b")]) && !put(key.clone(), &[("k", "a")]));
        assert!(put(key, &[]), "a negated operator matches a key that is not there");
        let if_exists = json!({"StringEqualsIfExists": {"k": "a"}});
        assert!(put(if_exists.clone(), &[]) && !put(if_exists, &[("k", "b")]));
        let but = |arn: &str| json!({"ArnNotEquals": {"aws:PrincipalArn": [arn]}});
        assert!(put(but("arn:aws:iam::111122223333:role/other"), &[]));
        assert!(!put(but("arn:aws:iam::*:role/adm?n"), &[]));
        assert!(
            !put(json!({"ForAnyValue:StringEquals": {"k": "a"}}), &[("k", "a")]),
            "not known: not a control"
        );
        assert!(!put(
            json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
            &[("aws:sourceip", "10.0.0.1")]
        ));
    }

    #[test]
    fn wildcards() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("*b*b", "abab", true),
            ("", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(like(pattern.as_bytes(), text.as_bytes()), is, "{pattern} {text}");
        }
    }

    #[test]
    fn exceptions_are_named() {
        let policy = deny(
            json!({"ArnNotEquals": {"aws:PrincipalArn": ["b", "a"]}, "ArnNotLike": {"AWS:PrincipalARN": "a"}}),
        );
        assert_eq!(named_principals(&policy), ["a", "b"]);
    }
}
