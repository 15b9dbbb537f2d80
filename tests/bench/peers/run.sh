#!/usr/bin/env bash
# dayseal against its peers, in one run: tests/bench/peers/run.sh [ARGUMENTS OF peers.py]
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/venv.sh
python=$(venv peers tests/bench/peers/requirements.txt)
cargo build --quiet --release --locked -p dayseal-bench
exec "$python" tests/bench/peers/peers.py --dayseal "${CARGO_TARGET_DIR:-target}/release/dayseal-bench" "$@"
