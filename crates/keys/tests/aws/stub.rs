//! A KMS and a Secrets Manager of this process on 127.0.0.1: their JSON protocol, real wrapping and signing.
//!
//! What it wraps opens only under the key and the encryption context it was wrapped with, as with KMS; and like KMS,
//! Decrypt without a `KeyId` takes the key from the wrapped bytes. Signatures of requests are not looked at.
#![allow(dead_code, reason = "shared by tests that use parts of it")]

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "arn:aws:kms:eu-west-1:111122223333";

/// What the stub does instead of answering as it should.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// This status with this error code.
    Error(u16, &'static str),
    /// No answer for longer than any client here waits.
    Hang,
    /// Closes the connection.
    Close,
    /// Answers as it should, with these fields put over its own.
    Change(Value),
}

#[derive(Debug)]
enum Key {
    Symmetric([u8; 32]),
    Ed25519(Box<SigningKey>),
    /// A key of another spec, of which only the public half is asked.
    Other {
        spec: &'static str,
        usage: &'static str,
        der: Vec<u8>,
    },
}

#[derive(Default)]
struct State {
    keys: BTreeMap<String, Key>,
    aliases: BTreeMap<String, String>,
    /// Current, then previous version: id and text.
    secrets: BTreeMap<String, VecDeque<(String, String)>>,
    troubles: VecDeque<Trouble>,
    seen: Vec<(String, Value)>,
    wraps: u64,
}

/// The services, until dropped.
pub(crate) struct Stub {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Stub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn add(&self, name: &str, key: Key) -> String {
        let arn = format!("{ACCOUNT}:key/{name}");
        self.state.lock().unwrap().keys.insert(arn.clone(), key);
        arn
    }

    /// A symmetric key; its ARN.
    pub(crate) fn data_key(&self, name: &str) -> String {
        let mut key = [7; 32];
        key[..name.len()].copy_from_slice(name.as_bytes());
        self.add(name, Key::Symmetric(key))
    }

    /// A key `ECC_NIST_EDWARDS25519`; its ARN.
    pub(crate) fn signing_key(&self, name: &str) -> String {
        let mut seed = [9; 32];
        seed[..name.len()].copy_from_slice(name.as_bytes());
        self.add(name, Key::Ed25519(Box::new(SigningKey::from_bytes(&seed))))
    }

    pub(crate) fn other_key(
        &self,
        name: &str,
        spec: &'static str,
        usage: &'static str,
        der: &[u8],
    ) -> String {
        self.add(name, Key::Other { spec, usage, der: der.to_vec() })
    }

    /// Points an alias at a key; the alias' ARN.
    pub(crate) fn alias(&self, name: &str, key: &str) -> String {
        let arn = format!("{ACCOUNT}:alias/{name}");
        self.state.lock().unwrap().aliases.insert(arn.clone(), key.to_owned());
        arn
    }

    /// Puts a new version of a secret; its ARN.
    pub(crate) fn secret(&self, name: &str, version: &str, text: &str) -> String {
        let arn = format!("arn:aws:secretsmanager:eu-west-1:111122223333:secret:{name}-a1B2c3");
        let mut state = self.state.lock().unwrap();
        let versions = state.secrets.entry(arn.clone()).or_default();
        versions.push_front((version.to_owned(), text.to_owned()));
        arn
    }

    /// What goes wrong with the next requests, one each.
    pub(crate) fn trouble(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.state.lock().unwrap().troubles.extend(troubles);
    }

    /// Requests so far: the operation without its service, and the body.
    pub(crate) fn seen(&self) -> Vec<(String, Value)> {
        self.state.lock().unwrap().seen.clone()
    }

    /// How many requests of an operation there were.
    pub(crate) fn count(&self, operation: &str) -> usize {
        self.seen().iter().filter(|(seen, _)| seen == operation).count()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut stream = BufReader::new(stream);
    while let Some((target, body)) = read(&mut stream) {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let mut state = state.lock().unwrap();
        state.seen.push((operation.clone(), body.clone()));
        let trouble = state.troubles.pop_front();
        let answered = state.answer(&target, &body);
        drop(state);
        let (status, answer) = match (trouble, answered) {
            (Some(Trouble::Close), _) => return,
            (Some(Trouble::Hang), _) => {
                std::thread::sleep(std::time::Duration::from_secs(30));
                return;
            }
            (Some(Trouble::Error(status, code)), _) | (None, Err((status, code))) => {
                (status, json!({ "__type": code, "message": "said by the stub\u{1b}[2J" }))
            }
            (Some(Trouble::Change(fields)), Ok(mut answer)) => {
                for (name, value) in fields.as_object().unwrap() {
                    answer[name] = value.clone();
                }
                (200, answer)
            }
            (None, Ok(answer)) => (200, answer),
            (Some(Trouble::Change(_)), Err((_, code))) => panic!("nothing to change: {code}"),
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} Stub\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.get_mut().write_all(format!("{head}{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line == "\r\n" {
                break;
            }
            continue;
        };
        match name.to_lowercase().as_str() {
            "x-amz-target" => target = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((target, body))
}

type Answer = Result<Value, (u16, &'static str)>;

impl State {
    fn answer(&mut self, target: &str, body: &Value) -> Answer {
        match target {
            "TrentService.GenerateDataKey" => self.generate(body),
            "TrentService.Decrypt" => self.decrypt(body),
            "TrentService.Sign" => self.sign(body),
            "TrentService.GetPublicKey" => self.public_key(body),
            "TrentService.DescribeKey" => {
                let arn = self.resolve(body["KeyId"].as_str())?;
                Ok(json!({ "KeyMetadata": { "KeyId": arn, "Arn": arn } }))
            }
            "secretsmanager.GetSecretValue" => self.secret(body),
            "secretsmanager.PutSecretValue" => self.put_secret(body),
            _ => Err((400, "UnknownOperationException")),
        }
    }

    fn resolve(&self, id: Option<&str>) -> Result<String, (u16, &'static str)> {
        let id = id.ok_or((400, "ValidationException"))?;
        let id = self.aliases.get(id).map_or(id, String::as_str);
        if self.keys.contains_key(id) { Ok(id.to_owned()) } else { Err((400, "NotFoundException")) }
    }

    fn cipher(&self, arn: &str) -> Result<Aes256Gcm, (u16, &'static str)> {
        match &self.keys[arn] {
            Key::Symmetric(key) => Ok(Aes256Gcm::new(&(*key).into())),
            _ => Err((400, "InvalidKeyUsageException")),
        }
    }

    fn generate(&mut self, body: &Value) -> Answer {
        let arn = self.resolve(body["KeyId"].as_str())?;
        let cipher = self.cipher(&arn)?;
        if body["KeySpec"] != "AES_256" {
            return Err((400, "ValidationException"));
        }
        self.wraps += 1;
        let mut plaintext = [0xa5; 32];
        plaintext[..8].copy_from_slice(&self.wraps.to_be_bytes());
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&self.wraps.to_be_bytes());
        let aad = context(body);
        let payload = Payload { msg: &plaintext, aad: aad.as_bytes() };
        let sealed = cipher.encrypt(&nonce.into(), payload).unwrap();
        let blob = [&[arn.len() as u8], arn.as_bytes(), &nonce, &sealed].concat();
        let (blob, plaintext) = (STANDARD.encode(blob), STANDARD.encode(plaintext));
        Ok(json!({ "KeyId": arn, "Plaintext": plaintext, "CiphertextBlob": blob }))
    }

    fn decrypt(&mut self, body: &Value) -> Answer {
        const BAD: (u16, &str) = (400, "InvalidCiphertextException");
        let blob = STANDARD.decode(body["CiphertextBlob"].as_str().unwrap_or("")).unwrap();
        let (length, rest) = blob.split_first().ok_or(BAD)?;
        let (arn, rest) = rest.split_at_checked(usize::from(*length)).ok_or(BAD)?;
        let (nonce, sealed) = rest.split_at_checked(12).ok_or(BAD)?;
        let arn = String::from_utf8(arn.to_vec()).map_err(|_| BAD)?;
        if !self.keys.contains_key(&arn) {
            return Err(BAD);
        }
        if let Some(named) = body["KeyId"].as_str()
            && self.resolve(Some(named))? != arn
        {
            return Err((400, "IncorrectKeyException"));
        }
        let nonce: [u8; 12] = nonce.try_into().unwrap();
        let aad = context(body);
        let payload = Payload { msg: sealed, aad: aad.as_bytes() };
        let plaintext = self.cipher(&arn)?.decrypt(&nonce.into(), payload).map_err(|_| BAD)?;
        Ok(json!({ "KeyId": arn, "Plaintext": STANDARD.encode(plaintext) }))
    }

    fn sign(&mut self, body: &Value) -> Answer {
        let arn = self.resolve(body["KeyId"].as_str())?;
        let Key::Ed25519(key) = &self.keys[&arn] else {
            return Err((400, "InvalidKeyUsageException"));
        };
        if body["SigningAlgorithm"] != "ED25519_SHA_512" || body["MessageType"] != "RAW" {
            return Err((400, "ValidationException"));
        }
        let message = STANDARD.decode(body["Message"].as_str().unwrap_or("")).unwrap();
        let signature = STANDARD.encode(key.sign(&message).to_bytes());
        Ok(json!({ "KeyId": arn, "Signature": signature, "SigningAlgorithm": "ED25519_SHA_512" }))
    }

    fn public_key(&mut self, body: &Value) -> Answer {
        let arn = self.resolve(body["KeyId"].as_str())?;
        let (spec, usage, der) = match &self.keys[&arn] {
            Key::Ed25519(key) => {
                let prefix = hex("302a300506032b6570032100");
                let der = [&prefix[..], key.verifying_key().as_bytes()].concat();
                ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", der)
            }
            Key::Other { spec, usage, der } => (*spec, *usage, der.clone()),
            Key::Symmetric(_) => return Err((400, "UnsupportedOperationException")),
        };
        let algorithms = match spec {
            "ECC_NIST_EDWARDS25519" => json!(["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
            _ => json!(["ECDSA_SHA_256"]),
        };
        Ok(json!({
            "KeyId": arn, "PublicKey": STANDARD.encode(der), "KeySpec": spec, "KeyUsage": usage,
            "SigningAlgorithms": algorithms,
        }))
    }

    fn secret(&mut self, body: &Value) -> Answer {
        let arn = body["SecretId"].as_str().unwrap_or_default();
        let at = match body["VersionStage"].as_str() {
            Some("AWSPREVIOUS") => 1,
            _ => 0,
        };
        let (version, text) = self
            .secrets
            .get(arn)
            .and_then(|versions| versions.get(at))
            .ok_or((400, "ResourceNotFoundException"))?;
        Ok(json!({ "ARN": arn, "VersionId": version, "SecretString": text }))
    }
}

impl State {
    fn put_secret(&mut self, body: &Value) -> Answer {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (arn, version) = (text("SecretId"), text("ClientRequestToken"));
        let versions = self.secrets.get_mut(&arn).ok_or((400, "ResourceNotFoundException"))?;
        versions.push_front((version.clone(), text("SecretString")));
        Ok(json!({ "ARN": arn, "VersionId": version, "VersionStages": ["AWSCURRENT"] }))
    }
}

/// The encryption context, in one order: serde_json sorts the names of an object.
fn context(body: &Value) -> String {
    body["EncryptionContext"].to_string()
}

pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(pair).collect()
}
