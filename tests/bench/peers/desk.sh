#!/usr/bin/env bash
# An auditor's questions, to dayseal and its peers in one run: tests/bench/peers/desk.sh [ARGUMENTS OF desk.py]
#
# SIZES="100000 1000000"   entries, one log each
# DESK=DIR                 keep the logs and the peers' files there, and use those that are there
#
# With a report, last: desk.sh --runs 3 --report report soc2 …
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/venv.sh
python=$(venv peers tests/bench/peers/requirements.txt)
cargo build --quiet --release --locked -p dayseal-bench -p dayseal-cli
bin="${CARGO_TARGET_DIR:-target}/release"
if [ -n "${DESK:-}" ]; then mkdir -p "$DESK"; work=$DESK; else work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; fi
for entries in ${SIZES:-100000 1000000}; do
    "$python" tests/bench/peers/desk.py "$work/$entries" --dayseal "$bin/dayseal" --bench "$bin/dayseal-bench" --entries "$entries" "$@"
done
