//! `table/pseudonym.tsv`: pseudonyms, content digests and the name of the secret.

use super::Set;
use super::mini::{hkdf, hkdf32, hmac, lp};

const ORIGIN: &str = "audit.example.com/acme/prod";

pub(super) fn add(set: &mut Set) {
    let mut out = String::from(
        "# log secret (hexadecimal)\torigin\ttenant\tkind\tvalue (hexadecimal)\texpected\n",
    );
    let counting: Vec<u8> = (0..32).collect();
    let long = "x".repeat(256);
    for (secret, origin, tenant) in [
        (&counting[..], ORIGIN, "default"),
        (&counting[..], ORIGIN, "acme"),
        (&counting[..], ORIGIN, "d\u{e9}fault"),
        (&counting[..], ORIGIN, &long),
        (&counting[..], "audit.example.com/acme/test", "default"),
        (&[0xff; 32][..], ORIGIN, "default"),
    ] {
        for value in ["ada", "Ada", "4111111111111111", "2001:db8::1", "\u{e4}da\0", ""] {
            for kind in ["version", "actor", "subject", "session", "address", "source", "content"] {
                let expected = expected(secret, origin, tenant, kind, value.as_bytes());
                let (secret, value) = (hex::encode(secret), hex::encode(value));
                out += &format!("{secret}\t{origin}\t{tenant}\t{kind}\t{value}\t{expected}\n");
            }
        }
    }
    set.case("table", "pseudonym.tsv", out, "success", &[]);
}

fn expected(secret: &[u8], origin: &str, tenant: &str, kind: &str, value: &[u8]) -> String {
    let (origin, tenant) = (origin.as_bytes(), tenant.as_bytes());
    let info = lp(&[b"dayseal/v1/log-secret-version", origin]);
    let version = base32(&hkdf(secret, None, &info, 5));
    match kind {
        "version" => version,
        "content" => {
            let key = hkdf32(secret, None, &lp(&[b"dayseal/v1/content-digest", origin, tenant]));
            hex::encode(hmac(&key, &[value]))
        }
        purpose => {
            let fields: [&[u8]; 4] = [b"dayseal/v1/pseudonym", origin, purpose.as_bytes(), tenant];
            let tag = hmac(&hkdf32(secret, None, &lp(&fields)), &[value]);
            format!("p1:{purpose}:{version}:{}", base32(&tag[..20]))
        }
    }
}

/// Bit by bit: another way than the code's.
fn base32(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|b| format!("{b:08b}")).collect();
    let digit = |five: &[u8]| five.iter().fold(0, |n, bit| n * 2 + usize::from(bit - b'0'));
    let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
    bits.as_bytes().chunks(5).map(|five| char::from(alphabet[digit(five)])).collect()
}
