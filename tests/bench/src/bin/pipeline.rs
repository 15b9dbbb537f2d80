//! What a batch costs a core, against the sum of the raw work in it, measured in the same run.
//!
//! Ours is `Event::encode`, `Entries::push` and `BatchEncoder::encode`, end to end. The raw blocks
//! are what any such pipeline must do, each with warm buffers and nothing around it: JSON, leaf
//! hashes, Merkle nodes, zstd, AES-GCM, SHA-256 of the object.

use std::hint::black_box;

use aes_gcm::aead::AeadInOut as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use clap::Parser;
use dayseal_bench::corpus;
use dayseal_bench::harness::{Stage, Timing, interleave, median};
use dayseal_format::batch::{Batch, BatchEncoder, DataKey, Entries, Header};
use dayseal_format::event::{Event, EventFields};
use dayseal_format::{Digest, StreamId};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The pipeline's CPU per entry against the sum of its raw blocks.
#[derive(Parser)]
struct Args {
    /// Rounds that count.
    #[arg(long, default_value_t = 61)]
    rounds: usize,
    /// Entries in the batch.
    #[arg(long, default_value_t = 1_024)]
    entries: usize,
    /// Results as JSON.
    #[arg(long)]
    json: bool,
}

struct State {
    events: Vec<Event>,
    lines: Vec<Vec<u8>>,
    all: Vec<u8>,
    salts: Vec<[u8; 16]>,
    leaves: Vec<[u8; 32]>,
    level: Vec<[u8; 32]>,
    json: Vec<u8>,
    frame: Vec<u8>,
    frame_len: usize,
    object: Vec<u8>,
    zstd: zstd::bulk::Compressor<'static>,
    cipher: Aes256Gcm,
    // ours
    encoder: BatchEncoder,
    entries: Entries,
    header: Header,
    key: DataKey,
    line: Vec<u8>,
    // reading
    stored: Vec<u8>,
    lines_back: Vec<u8>,
}

impl State {
    fn new(count: usize) -> std::io::Result<(Self, &'static str)> {
        let (texts, origin) = corpus::interactions()?;
        let events: Vec<_> = (0..count as u64).map(|n| corpus::event(n, &texts)).collect();
        let lines: Vec<Vec<u8>> = events
            .iter()
            .map(|e| {
                let mut line = Vec::new();
                e.encode(&mut line);
                line
            })
            .collect();
        let all: Vec<u8> = lines.iter().flat_map(|l| l.iter().chain(b"\n")).copied().collect();
        let zero = Digest([0; 32]);
        let header = Header {
            after: None,
            commitment: zero,
            day: corpus::time(0).day(),
            entries: 0,
            first_time: corpus::time(0),
            hints: None,
            key_id: "local:0123456789abcdef".to_owned(),
            last: false,
            last_time: corpus::time(count as u64),
            origin: "audit.example.com/bench".parse().map_err(std::io::Error::other)?,
            previous: Some(zero),
            root: zero,
            salt: zero,
            seq: 1,
            service: "video-api".parse().map_err(std::io::Error::other)?,
            stream: StreamId([7; 16]),
            wrapped_key: vec![7; 80],
        };
        let mut state = Self {
            salts: (0..count as u128).map(|n| n.wrapping_mul(0x9e37_79b9).to_be_bytes()).collect(),
            leaves: vec![[0; 32]; count],
            level: Vec::with_capacity(count),
            json: Vec::with_capacity(64 * 1024),
            frame: vec![0; zstd::zstd_safe::compress_bound(all.len())],
            frame_len: 0,
            object: Vec::new(),
            zstd: zstd::bulk::Compressor::new(1)?,
            cipher: Aes256Gcm::new(&[7; 32].into()),
            encoder: BatchEncoder::new(),
            entries: Entries::new(),
            header,
            key: DataKey::new([9; 32]),
            line: Vec::new(),
            stored: Vec::new(),
            lines_back: vec![0; all.len()],
            events,
            lines,
            all,
        };
        state.zstd();
        state.object = state.frame[..state.frame_len].to_vec();
        state.push();
        let header = state.header.clone();
        let encoded = state.encoder.encode(header, &state.entries, &state.key, &[5; 32]);
        state.stored = encoded.map_err(std::io::Error::other)?.bytes;
        Ok((state, origin))
    }

    fn json(&mut self) {
        for event in &self.events {
            self.json.clear();
            serde_json::to_writer(&mut self.json, event).expect("a Vec grows");
            black_box(&self.json);
        }
    }

    fn leaf_hashes(&mut self) {
        for ((line, salt), leaf) in self.lines.iter().zip(&self.salts).zip(&mut self.leaves) {
            let mut hasher = Sha256::new();
            hasher.update([0]);
            hasher.update(salt);
            hasher.update(line);
            *leaf = hasher.finalize().into();
        }
    }

    fn merkle_nodes(&mut self) {
        self.level.clear();
        self.level.extend_from_slice(&self.leaves);
        let mut width = self.level.len();
        while width > 1 {
            for i in 0..width / 2 {
                let mut bytes = [1; 65];
                bytes[1..33].copy_from_slice(&self.level[2 * i]);
                bytes[33..].copy_from_slice(&self.level[2 * i + 1]);
                self.level[i] = Sha256::digest(bytes).into();
            }
            if width % 2 == 1 {
                self.level[width / 2] = self.level[width - 1];
            }
            width = width.div_ceil(2);
        }
        black_box(self.level[0]);
    }

    fn zstd(&mut self) {
        self.frame_len =
            self.zstd.compress_to_buffer(&self.all, &mut self.frame[..]).expect("room for it");
    }

    fn aes_gcm(&mut self) {
        let tag = self.cipher.encrypt_inout_detached(
            &[0; 12].into(),
            b"",
            self.object.as_mut_slice().into(),
        );
        black_box(tag.expect("under 64 GiB"));
    }

    fn object_hash(&mut self) {
        black_box(Sha256::digest(&self.object));
    }

    fn ours(&mut self) {
        self.entries.clear();
        for event in &self.events {
            self.line.clear();
            event.encode(&mut self.line);
            self.entries.push(&self.line).expect("a line within the limits");
        }
        self.batch();
    }

    fn batch(&mut self) {
        let header = self.header.clone();
        let encoded = self.encoder.encode(header, &self.entries, &self.key, &[5; 32]);
        black_box(encoded.expect("a header within the limits"));
    }

    fn push(&mut self) {
        self.entries.clear();
        for line in &self.lines {
            self.entries.push(line).expect("a line within the limits");
        }
    }

    fn open(&mut self) {
        let batch = Batch::parse(&self.stored).expect("encoded here");
        black_box(batch.open(&self.key).expect("under the same key"));
    }

    fn decode(&mut self) {
        for line in &self.lines {
            black_box(Event::decode(line).expect("encoded here"));
        }
    }

    fn parse(&mut self) {
        for line in &self.lines {
            let text = std::str::from_utf8(line).expect("JSON is UTF-8");
            black_box(serde_json::from_str::<EventFields>(text).expect("encoded here"));
        }
    }

    fn decompress(&mut self) {
        let frame = &self.frame[..self.frame_len];
        let length = zstd::bulk::decompress_to_buffer(frame, &mut self.lines_back[..]);
        assert_eq!(length.ok(), Some(self.all.len()));
    }
}

const BLOCKS: usize = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    let (mut state, texts) = State::new(args.entries)?;
    let stage = |name, run: fn(&mut State)| Stage { name, run: Box::new(run) };
    let mut stages = [
        stage("JSON", State::json),
        stage("leaf hashes", State::leaf_hashes),
        stage("Merkle nodes", State::merkle_nodes),
        stage("zstd level 1", State::zstd),
        stage("AES-256-GCM", State::aes_gcm),
        stage("SHA-256 of the object", State::object_hash),
        stage("ours, end to end", State::ours),
        stage("of it: Entries::push", State::push),
        stage("of it: BatchEncoder::encode", State::batch),
        stage("reading: Batch::open", State::open),
        stage("of it: zstd", State::decompress),
        stage("reading: Event::decode", State::decode),
        stage("of it: serde_json", State::parse),
    ];
    let timings = interleave(&mut state, &mut stages, args.rounds, args.entries);
    let (blocks, own) = timings.split_at(BLOCKS);
    let sums: Vec<f64> =
        (0..args.rounds).map(|r| blocks.iter().map(|t| t.rounds[r]).sum()).collect();
    let ratios: Vec<f64> = own[0].rounds.iter().zip(&sums).map(|(ours, sum)| ours / sum).collect();
    let (sum, ratio) = (median(&sums), median(&ratios));
    let mean = state.all.len() as f64 / args.entries as f64;
    let compression = state.all.len() as f64 / state.frame_len as f64;
    if args.json {
        let out = json!({
            "bench": "pipeline", "entries": args.entries, "rounds": args.rounds, "texts": texts,
            "bytes_per_entry": mean, "compression": compression,
            "ns_per_entry": timings.iter().map(|t| (t.name, t.ns)).collect::<Vec<_>>(),
            "sum_ns": sum, "ratio": ratio,
        });
        println!("{out}");
        return Ok(());
    }
    println!(
        "{} entries of {mean:.0} bytes ({texts} texts), compressed {compression:.2} times",
        args.entries
    );
    let row = |t: &Timing| println!("{:<30} {:>8.0} ns/entry", t.name, t.ns);
    blocks.iter().for_each(row);
    println!("{:<30} {sum:>8.0} ns/entry", "sum of the raw blocks");
    own.iter().for_each(row);
    println!("{:<30} {ratio:>8.3}   (target: at most 1.25)", "ours / sum");
    println!("{:<30} {:>8.0} entries/s on one core", "", 1e9 / own[0].ns);
    Ok(())
}
