#!/usr/bin/env bash
# Every benchmark of docs/performance.md, one after the other, in release builds.
#
#   tests/bench/run.sh [--json]
#
# MIB=1024        size of the log that is verified, in mebibytes of stored batches
# PEERS=0         leave out the peers, which are installed from PyPI
# DAYSEAL_BENCH_DATA=FILE   real texts: JSON lines of {model, input, output}, .gz allowed
set -euo pipefail
cd "$(dirname "$0")/../.."

mib="${MIB:-1024}"
json=("$@")
cargo build --quiet --release --locked -p dayseal-bench
bin="${CARGO_TARGET_DIR:-target}/release"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

say() { [ ${#json[@]} -gt 0 ] || printf '\n== %s\n' "$*"; }
bench() { "$bin/dayseal-bench" ${json[@]+"${json[@]}"} "$@"; }

say "pipeline: CPU of one core, against the sum of its raw blocks"
"$bin/pipeline" ${json[@]+"${json[@]}"}
say "try_record: time of the call"
bench record
say "privacy: redaction, pseudonyms and encoding on the caller's thread"
bench privacy
say "hints: making them, and asking them, beside the batch"
bench hints
say "layer: around a Lambda handler that does nothing"
bench layer
say "a log of $mib MiB, and one of a quarter"
bench genlog "$work/log" --mib "$mib"
bench genlog "$work/quarter" --mib $((mib / 4))
for level in sha256 objects sha256 objects sha256 objects; do
    say "verify: $level"
    bench verify "$work/log" --level "$level"
done
say "verify: entries, one core"
bench --threads 1 verify "$work/log" --level entries --jobs 1
say "verify: entries, four objects at once; peak memory at the full and at a quarter of the size"
bench verify "$work/log" --level entries
bench verify "$work/quarter" --level entries
say "seal: one day of 10,000 batches, and of 1,000"
bench seal "$work/seal"
bench seal "$work/small" --batches 1000
say "erase: one person out of 100,000 content objects, and of 10,000"
bench erase "$work/erase"
bench erase "$work/erase-small" --objects 10000
if [ "${PEERS:-1}" != 0 ]; then
    say "peers"
    tests/bench/peers/run.sh ${json[@]+"${json[@]}"}
    say "an auditor's questions, to dayseal and its peers"
    tests/bench/peers/desk.sh ${json[@]+"${json[@]}"}
    say "detectors, against Presidio"
    tests/bench/detectors/run.sh ${json[@]+"${json[@]}"}
fi
