//! What redaction finds in given texts, and how long it takes: our side of a comparison of detectors.

use std::io::BufRead as _;
use std::path::PathBuf;
use std::time::Instant;

use dayseal::privacy::Redaction;
use serde::Serialize;

use crate::Outcome;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Texts: a JSON string a line.
    file: PathBuf,
    /// Rounds; the median time counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Serialize)]
struct Found {
    rule: String,
    /// Bytes of the text in UTF-8, from and up to.
    start: usize,
    end: usize,
}

/// Prints a line for each text, its findings under all rules, then the time of one round.
pub(crate) fn run(args: &Args) -> Outcome {
    let mut texts = Vec::<String>::new();
    for line in std::io::BufReader::new(std::fs::File::open(&args.file)?).lines() {
        texts.push(serde_json::from_str(&line?)?);
    }
    let rules = Redaction::all();
    let mut times = Vec::new();
    for _ in 0..args.rounds.max(1) {
        let begin = Instant::now();
        for text in &texts {
            std::hint::black_box(rules.find(text));
        }
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    for text in &texts {
        let found = rules.find(text).into_iter().map(|f| Found {
            rule: f.name.as_str().to_owned(),
            start: f.range.start,
            end: f.range.end,
        });
        println!("{}", serde_json::to_string(&found.collect::<Vec<_>>())?);
    }
    println!("{}", serde_json::json!({ "seconds": times[times.len() / 2].as_secs_f64() }));
    Ok(())
}
