//! Names of AWS keys and secrets.

use std::fmt;
use std::str::FromStr;

use crate::KeyError;

/// Longest ARN taken, in bytes: KMS's own bound of a `KeyId`, and what a batch header takes at most is less.
const MAX_ARN: usize = 2048;

/// An Amazon Resource Name: `arn:<partition>:<service>:<region>:<account>:<resource>`.
///
/// In any partition (`aws`, `aws-cn`, `aws-us-gov`…): nothing here builds one, so none needs to be listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    /// Ends of partition, service, region and account.
    ends: [usize; 4],
}

impl Arn {
    fn part(&self, index: usize) -> &str {
        let start = if index == 0 { "arn:".len() } else { self.ends[index - 1] + 1 };
        &self.text[start..self.ends[index]]
    }

    /// `aws`, `aws-cn`, `aws-us-gov`…
    pub fn partition(&self) -> &str {
        self.part(0)
    }

    /// `kms`, `secretsmanager`.
    pub fn service(&self) -> &str {
        self.part(1)
    }

    /// The region, which the client must be in.
    pub fn region(&self) -> &str {
        self.part(2)
    }

    /// The account, twelve digits.
    pub fn account(&self) -> &str {
        self.part(3)
    }

    /// What stands behind the account: `key/…`, `alias/…`, `secret:…`.
    pub fn resource(&self) -> &str {
        &self.text[self.ends[3] + 1..]
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it names a KMS key by an alias, which may be moved to another key.
    pub fn is_alias(&self) -> bool {
        self.resource().starts_with("alias/")
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Arn {
    type Err = KeyError;

    /// Reads the ARN of a KMS key, of an alias of one, or of a secret.
    fn from_str(given: &str) -> Result<Self, KeyError> {
        // What was given may be anything, also a key pasted into the wrong place: shown in part.
        let shown = || given.chars().take(64).flat_map(char::escape_debug).collect();
        let wrong = |reason| Err(KeyError::Reference { given: shown(), reason });
        if given.len() > MAX_ARN {
            return wrong("an ARN is at most 2048 bytes long");
        }
        let Some(rest) = given.strip_prefix("arn:") else {
            return wrong("an ARN starts with `arn:`");
        };
        let mut ends = [0; 4];
        let mut at = given.len() - rest.len();
        for end in &mut ends {
            let Some(length) = given[at..].find(':') else {
                return wrong("expected arn:<partition>:<service>:<region>:<account>:<resource>");
            };
            *end = at + length;
            at = *end + 1;
        }
        let arn = Self { text: given.to_owned(), ends };
        let name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if !(arn.partition() == "aws" || arn.partition().starts_with("aws-"))
            || !name(arn.partition())
        {
            return wrong("the partition is aws, aws-cn, aws-us-gov or another `aws-…`");
        }
        if !name(arn.region()) {
            return wrong("an ARN of a key names its region, such as eu-west-1");
        }
        if arn.account().len() != 12 || !arn.account().bytes().all(|b| b.is_ascii_digit()) {
            return wrong("the account of an ARN has twelve digits");
        }
        let resource = match arn.service() {
            "kms" => arn.resource().strip_prefix("key/").or(arn.resource().strip_prefix("alias/")),
            "secretsmanager" => arn.resource().strip_prefix("secret:"),
            _ => return wrong("expected the ARN of a kms key or of a secretsmanager secret"),
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_/+=.@!:".contains(&b);
        match resource {
            Some(name) if !name.is_empty() && name.bytes().all(plain) => Ok(arn),
            _ => wrong("expected key/<id>, alias/<name> or secret:<name> behind the account"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_every_partition() {
        for (partition, region) in
            [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
        {
            let text = format!("arn:{partition}:kms:{region}:111122223333:key/mrk-1a");
            let arn: Arn = text.parse().unwrap();
            let parts = (arn.partition(), arn.service(), arn.region(), arn.account());
            assert_eq!(parts, (partition, "kms", region, "111122223333"));
            assert_eq!((arn.resource(), arn.to_string()), ("key/mrk-1a", text));
            assert!(!arn.is_alias());
        }
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:audit/prod-a1B2c3";
        let secret: Arn = secret.parse().unwrap();
        assert_eq!(secret.resource(), "secret:audit/prod-a1B2c3");
        let alias: Arn = "arn:aws:kms:eu-west-1:111122223333:alias/audit".parse().unwrap();
        assert!(alias.is_alias());
    }

    #[test]
    fn what_is_no_arn_of_a_key_is_refused() {
        for text in [
            "arn:",
            "arn:aws:kms:eu-west-1:111122223333",
            "arn:aws:kms::111122223333:key/1",
            "arn:aws:kms:eu-west-1:11112222333:key/1",
            "arn:aws:kms:eu-west-1:111122223333:key/",
            "arn:aws:kms:eu-west-1:111122223333:grant/1",
            "arn:aws:kms:eu-west-1:111122223333:key/1 2",
            "arn:aws:kms:eu-west-1:111122223333:key/ü",
            "arn:aws:kms:EU:111122223333:key/1",
            "arn:aws:s3:eu-west-1:111122223333:key/1",
            "arn:azure:kms:eu-west-1:111122223333:key/1",
            "arn:aws:secretsmanager:eu-west-1:111122223333:key/1",
            &format!("arn:aws:kms:eu-west-1:111122223333:key/{}", "1".repeat(2048)),
        ] {
            assert!(matches!(text.parse::<Arn>(), Err(KeyError::Reference { .. })), "{text}");
        }
    }
}
