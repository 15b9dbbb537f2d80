//! What is looked for, and what is put in its place.

use std::fmt;
use std::ops::Range;

/// What redaction looks for in texts. `docs/privacy.md` says what each finds and what not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// The value of a key that names a secret (`password`, `api_key`, `cvv`…): of a label, a
    /// parameter or a change, or inside text (`password=…`, `"token": "…"`, `https://user:…@host`).
    Secret,
    /// Payment card numbers of 12 to 19 digits, in one piece or in groups, that pass Luhn's check.
    Card,
    /// JSON Web Tokens.
    Jwt,
    /// Access key ids of AWS (`AKIA…`, `ASIA…`).
    AwsKey,
    /// Keys of other providers with a known prefix (`sk-…`, `ghp_…`, `xoxb-…`, `AIza…`).
    ApiKey,
    /// PEM blocks, to their end or to the end of the text.
    Pem,
    /// `Bearer` and its token.
    Bearer,
    /// E-mail addresses.
    Email,
    /// IPv4 addresses.
    Ipv4,
    /// IPv6 addresses.
    Ipv6,
    /// International bank account numbers that pass their check (ISO 13616).
    Iban,
    /// US social security numbers with separators.
    Ssn,
    /// Telephone numbers, international with `+`, or North American with separators.
    Phone,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 13] = [
        Self::Secret,
        Self::Card,
        Self::Jwt,
        Self::AwsKey,
        Self::ApiKey,
        Self::Pem,
        Self::Bearer,
        Self::Email,
        Self::Ipv4,
        Self::Ipv6,
        Self::Iban,
        Self::Ssn,
        Self::Phone,
    ];

    /// What must not get into a log in any event: credentials and card numbers.
    pub const SECRETS: [Self; 7] =
        [Self::Secret, Self::Card, Self::Jwt, Self::AwsKey, Self::ApiKey, Self::Pem, Self::Bearer];

    /// The name in events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Card => "card",
            Self::Jwt => "jwt",
            Self::AwsKey => "aws_key",
            Self::ApiKey => "api_key",
            Self::Pem => "pem",
            Self::Bearer => "bearer",
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Iban => "iban",
            Self::Ssn => "ssn",
            Self::Phone => "phone",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is put in the place of a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mask {
    /// `[redacted:card]`: nothing of the value.
    #[default]
    Full,
    /// A part that helps to recognise it: `411111******1111`, `al***@example.com`,
    /// `203.0.xxx.xxx`, `AKIAABCD...WXYZ`. Guessable values stay guessable. The same as
    /// [`Mask::Full`] for rules whose values have no harmless part.
    Partial,
}

/// A detector of your own.
pub trait Detector: Send + Sync + fmt::Debug {
    /// Its name in events: 1 to 32 of `a–z 0–9 _ -`, not one of [`Rule`]'s.
    fn name(&self) -> &str;

    /// Pushes the byte ranges of what it finds in `text`, in any order.
    ///
    /// Runs on the caller's thread for every text of every event, and again on text with masks in
    /// place: it should take time linear in `text`. Ranges are widened to whole characters; what
    /// lies outside of `text` is left out.
    fn find(&self, text: &str, found: &mut Vec<Range<usize>>);
}

/// Appends what stands for `value`.
pub(super) fn push_mask(out: &mut String, rule: Rule, mask: Mask, value: &str) {
    if mask == Mask::Full || !push_partial(out, rule, value) {
        push_full(out, rule.as_str());
    }
}

pub(super) fn push_full(out: &mut String, rule: &str) {
    out.push_str("[redacted:");
    out.push_str(rule);
    out.push(']');
}

fn push_partial(out: &mut String, rule: Rule, value: &str) -> bool {
    match rule {
        Rule::Card => {
            let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
            let hidden = 6..digits.len().saturating_sub(4);
            out.extend(digits.iter().enumerate().map(|(i, d)| match hidden.contains(&i) {
                true => '*',
                false => *d,
            }));
            !hidden.is_empty()
        }
        Rule::AwsKey if value.len() == 20 => {
            out.push_str(&value[..8]);
            out.push_str("...");
            out.push_str(&value[16..]);
            true
        }
        Rule::Email => {
            let Some((local, domain)) = value.rsplit_once('@') else { return false };
            let shown = if local.chars().count() > 2 { 2 } else { 1 };
            out.extend(local.chars().take(shown));
            out.push_str("***@");
            out.push_str(domain);
            true
        }
        Rule::Ipv4 => {
            let Some((second, _)) = value.match_indices('.').nth(1) else { return false };
            out.push_str(&value[..second]);
            out.push_str(".xxx.xxx");
            true
        }
        Rule::Ipv6 => {
            let Ok(address) = value.parse::<std::net::Ipv6Addr>() else { return false };
            let [a, b, ..] = address.segments();
            out.push_str(&format!("{a:x}:{b:x}:xxxx:xxxx:xxxx:xxxx:xxxx:xxxx"));
            true
        }
        Rule::Iban => {
            out.push_str(&value[..4]);
            out.push_str("...");
            out.push_str(&value[value.len() - 4..]);
            true
        }
        Rule::Ssn => {
            out.push_str("***-**-");
            out.push_str(&value[value.len() - 4..]);
            true
        }
        Rule::Phone => {
            out.push_str("***");
            out.push_str(&value[value.len() - 2..]);
            true
        }
        Rule::Secret | Rule::Jwt | Rule::AwsKey | Rule::ApiKey | Rule::Pem | Rule::Bearer => false,
    }
}
