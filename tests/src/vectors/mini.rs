//! A second implementation of what the vectors need, as plain as can be, with a handle on every
//! value so that hostile batches can be built from the inside.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::AeadInOut as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

pub(super) type Hash = [u8; 32];

pub(super) fn sha256(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

pub(super) fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Fields, each behind its length in two bytes.
pub(super) fn lp(fields: &[&[u8]]) -> Vec<u8> {
    fields.iter().flat_map(|f| [&(f.len() as u16).to_be_bytes()[..], f].concat()).collect()
}

pub(super) fn hkdf(ikm: &[u8], salt: Option<&[u8]>, info: &[u8], len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    Hkdf::<Sha256>::new(salt, ikm).expand(info, &mut out).expect("a short output");
    out
}

pub(super) fn hkdf32(ikm: &[u8], salt: Option<&[u8]>, info: &[u8]) -> Hash {
    hkdf(ikm, salt, info, 32).try_into().expect("32 bytes")
}

pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(&parts.concat());
    mac.finalize().into_bytes().into()
}

pub(super) fn leaf(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

pub(super) fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// RFC 6962 section 2.1, word for word.
pub(super) fn tree(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&tree(left), &tree(right))
        }
    }
}

/// Roots of the perfect subtrees of `leaves`, largest first.
pub(super) fn frontier(leaves: &[Hash]) -> Vec<Hash> {
    let mut rest = leaves;
    let mut out = Vec::new();
    while !rest.is_empty() {
        let mut size = 1;
        while size * 2 <= rest.len() {
            size *= 2;
        }
        out.push(tree(&rest[..size]));
        rest = &rest[size..];
    }
    out
}

/// RFC 6962 section 2.1.1.
pub(super) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if index < left.len() {
        [path(index, left), vec![tree(right)]].concat()
    } else {
        [path(index - left.len(), right), vec![tree(left)]].concat()
    }
}

/// RFC 6962 section 2.1.2.
pub(super) fn consistency(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { vec![] } else { vec![tree(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    if old <= left.len() {
        [consistency(old, left, whole), vec![tree(right)]].concat()
    } else {
        [consistency(old - left.len(), right, false), vec![tree(left)]].concat()
    }
}

/// `docs/spec/batch.md`, "Padding".
pub(super) fn padded(len: usize) -> usize {
    let len = len.max(1);
    let log2 = |mut n: usize| {
        let mut e = 0;
        while n > 1 {
            n /= 2;
            e += 1;
        }
        e
    };
    let e = log2(len);
    let s = log2(e.max(1)) + 1;
    let mut step = 512;
    while e > s && step < 1 << (e - s) {
        step *= 2;
    }
    len.div_ceil(step) * step
}

pub(super) fn gcm(key: &Hash, aad: &[u8], plain: &[u8]) -> Vec<u8> {
    let mut out = plain.to_vec();
    let tag = Aes256Gcm::new(key.into())
        .encrypt_inout_detached(&[0; 12].into(), aad, out.as_mut_slice().into())
        .expect("short");
    out.extend_from_slice(&tag);
    out
}

pub(super) fn aes_block(key: &Hash, block: [u8; 16]) -> [u8; 16] {
    let mut block = block.into();
    aes::Aes256::new(key.into()).encrypt_block(&mut block);
    block.into()
}

pub(super) fn zstd(lines: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(lines, 1).expect("zstd")
}

/// A local wrapping key and its id.
pub(super) fn wrapping_key_id(key: &Hash) -> String {
    format!("local:{}", hex::encode(hkdf(key, None, b"dayseal/v1/key-id", 16)))
}

pub(super) struct WrapContext<'a> {
    pub(super) label: &'a str,
    pub(super) origin: &'a str,
    pub(super) stream: [u8; 16],
    pub(super) day: &'a str,
}

pub(super) fn wrap_info(key: &Hash, context: &WrapContext<'_>) -> Vec<u8> {
    lp(&[
        context.label.as_bytes(),
        context.origin.as_bytes(),
        &context.stream,
        context.day.as_bytes(),
        wrapping_key_id(key).as_bytes(),
    ])
}

pub(super) fn wrap(key: &Hash, context: &WrapContext<'_>, salt: &Hash, data_key: &Hash) -> Vec<u8> {
    let kek = hkdf32(key, Some(salt), &wrap_info(key, context));
    [&salt[..], &gcm(&kek, &[], data_key)].concat()
}

/// A signing key with its name.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) key: SigningKey,
}

impl Key {
    /// Seed `first`, `first + 1`, … `first + 31`.
    pub(super) fn counting(name: &'static str, first: u8) -> Self {
        let seed = std::array::from_fn(|i| first + i as u8);
        Self { name, key: SigningKey::from_bytes(&seed) }
    }

    pub(super) fn id(&self) -> [u8; 4] {
        key_id(self.name, self.key.verifying_key().as_bytes())
    }

    pub(super) fn vkey(&self) -> String {
        vkey(self.name, self.key.verifying_key().as_bytes())
    }

    pub(super) fn signature(&self, text: &str) -> [u8; 64] {
        self.key.sign(text.as_bytes()).to_bytes()
    }

    /// One signature line.
    pub(super) fn line(&self, text: &str) -> String {
        signature_line(self.name, &self.id(), &self.signature(text))
    }

    /// A note with this key's signature.
    pub(super) fn note(&self, text: &str) -> String {
        format!("{text}\n{}", self.line(text))
    }
}

pub(super) fn key_id(name: &str, public: &[u8; 32]) -> [u8; 4] {
    let hash = sha256(&[name.as_bytes(), b"\n\x01", public]);
    [hash[0], hash[1], hash[2], hash[3]]
}

pub(super) fn vkey(name: &str, public: &[u8; 32]) -> String {
    let id = hex::encode(key_id(name, public));
    format!("{name}+{id}+{}", b64(&[&[1], &public[..]].concat()))
}

pub(super) fn signature_line(name: &str, id: &[u8], signature: &[u8]) -> String {
    format!("\u{2014} {name} {}\n", b64(&[id, signature].concat()))
}

/// A batch to be built, honest unless told otherwise.
#[derive(Clone)]
pub(super) struct Draft {
    /// Header fields: name and JSON text of the value, in the order of the bytes.
    pub(super) fields: Vec<(String, String)>,
    pub(super) lines: Vec<u8>,
    pub(super) origin: String,
    pub(super) stream: [u8; 16],
    pub(super) seq: u32,
    pub(super) data_key: Hash,
    pub(super) random: Hash,
    pub(super) version: u8,
    pub(super) edit_header: Option<fn(String) -> String>,
    pub(super) edit_header_bytes: Option<fn(Vec<u8>) -> Vec<u8>>,
    pub(super) frame: Option<Vec<u8>>,
    pub(super) lines_len: Option<u32>,
    pub(super) frame_len: Option<u32>,
    pub(super) plain_len: Option<usize>,
    pub(super) padding: u8,
    pub(super) plain: Option<Vec<u8>>,
    pub(super) commitment: Option<Hash>,
    pub(super) root: Option<fn(&Built) -> Hash>,
    pub(super) encrypt_under: Option<Hash>,
}

/// A batch and every value on the way to it.
#[derive(Clone, Default)]
pub(super) struct Built {
    pub(super) draft_header: String,
    pub(super) frame: Vec<u8>,
    pub(super) mixing_key: Hash,
    pub(super) salt: Hash,
    pub(super) infos: [Vec<u8>; 3],
    /// `encrypt`, `leaf-salt`, `commit`.
    pub(super) keys: [Hash; 3],
    pub(super) entries: Vec<Vec<u8>>,
    pub(super) leaf_salts: Vec<[u8; 16]>,
    pub(super) leaves: Vec<Hash>,
    pub(super) root: Hash,
    pub(super) header: Vec<u8>,
    pub(super) plain: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Draft {
    pub(super) fn set(&mut self, name: &str, json: impl Into<String>) -> &mut Self {
        let json = json.into();
        match self.fields.binary_search_by(|(n, _)| n.as_str().cmp(name)) {
            Ok(at) => self.fields[at].1 = json,
            Err(at) => self.fields.insert(at, (name.to_owned(), json)),
        }
        self
    }

    pub(super) fn remove(&mut self, name: &str) -> &mut Self {
        self.fields.retain(|(n, _)| n != name);
        self
    }

    pub(super) fn build(&self) -> Built {
        let mut b = Built::default();
        let mut draft = self.clone();
        let zero = quoted_hex(&[0; 32]);
        for name in ["salt", "commitment", "root"] {
            draft.set(name, zero.clone());
        }
        b.entries = split_lines(&self.lines);
        if !self.fields.iter().any(|(n, _)| n == "entries") {
            draft.set("entries", b.entries.len().to_string());
        }
        b.draft_header = draft.header_text();
        b.frame = self.frame.clone().unwrap_or_else(|| zstd(&self.lines));

        b.mixing_key = hkdf32(&self.data_key, None, b"dayseal/v1/mix-salt");
        let digests = [sha256(&[b.draft_header.as_bytes()]), sha256(&[&b.frame])];
        b.salt = hmac(&b.mixing_key, &[&self.random, &digests[0], &digests[1]]);
        for (i, label) in ["encrypt", "leaf-salt", "commit"].into_iter().enumerate() {
            b.infos[i] = lp(&[
                b"dayseal/v1/batch",
                label.as_bytes(),
                self.origin.as_bytes(),
                &self.stream,
                &self.seq.to_be_bytes(),
            ]);
            b.keys[i] = hkdf32(&self.data_key, Some(&b.salt), &b.infos[i]);
        }
        for (i, entry) in b.entries.iter().enumerate() {
            let salt = aes_block(&b.keys[1], (i as u128).to_be_bytes());
            b.leaf_salts.push(salt);
            b.leaves.push(sha256(&[&[0], &salt, entry]));
        }
        b.root = tree(&b.leaves);

        draft.set("salt", quoted_hex(&b.salt));
        draft.set("commitment", quoted_hex(&self.commitment.unwrap_or(b.keys[2])));
        draft.set("root", quoted_hex(&self.root.map_or(b.root, |f| f(&b))));
        let text = draft.header_text();
        let text = self.edit_header.map_or(text.clone(), |f| f(text));
        b.header = text.into_bytes();
        if let Some(f) = self.edit_header_bytes {
            b.header = f(b.header);
        }

        let lines_len = self.lines_len.unwrap_or(self.lines.len() as u32);
        let frame_len = self.frame_len.unwrap_or(b.frame.len() as u32);
        let lengths = [lines_len.to_be_bytes(), frame_len.to_be_bytes()].concat();
        b.plain = [&lengths[..], &b.frame].concat();
        let plain_len = self.plain_len.unwrap_or_else(|| padded(b.plain.len()));
        b.plain.resize(plain_len, self.padding);
        b.plain = self.plain.clone().unwrap_or(b.plain);

        let mut aad = b"DAYSEAL".to_vec();
        aad.push(self.version);
        aad.extend_from_slice(&(b.header.len() as u32).to_be_bytes());
        aad.extend_from_slice(&(b.plain.len() as u32 + 16).to_be_bytes());
        aad.extend_from_slice(&b.header);
        b.ciphertext = gcm(&self.encrypt_under.unwrap_or(b.keys[0]), &aad, &b.plain);
        b.bytes = [aad, b.ciphertext.clone()].concat();
        b
    }

    fn header_text(&self) -> String {
        let fields: Vec<_> = self.fields.iter().map(|(n, v)| format!("\"{n}\":{v}")).collect();
        format!("{{{}}}", fields.join(","))
    }
}

pub(super) fn quoted_hex(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(bytes))
}

fn split_lines(lines: &[u8]) -> Vec<Vec<u8>> {
    let lines = lines.strip_suffix(b"\n").unwrap_or(lines);
    lines.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}
