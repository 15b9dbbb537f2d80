//! One binary for all targets, chosen by `DAYSEAL_FUZZ` (`list` prints them): one link instead of
//! sixteen.
#![no_main]

use std::sync::OnceLock;

use dayseal_fuzz::targets::{ALL, Target};
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<Target> = OnceLock::new();

fn chosen() -> Target {
    let name = std::env::var("DAYSEAL_FUZZ").unwrap_or_default();
    if name == "list" {
        ALL.iter().for_each(|(name, _)| println!("{name}"));
        std::process::exit(0);
    }
    match ALL.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => *target,
        None => {
            let names: Vec<_> = ALL.iter().map(|(name, _)| *name).collect();
            eprintln!("DAYSEAL_FUZZ=`{name}` is no target: expected {}", names.join(", "));
            std::process::exit(2);
        }
    }
}

fuzz_target!(|bytes: &[u8]| TARGET.get_or_init(chosen)(bytes));
