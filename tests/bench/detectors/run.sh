#!/usr/bin/env bash
# Our detectors against Presidio's, in one run: tests/bench/detectors/run.sh [ARGUMENTS OF compare.py]
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/venv.sh
python=$(venv detectors tests/bench/detectors/requirements.txt)
cargo build --quiet --release --locked -p dayseal-bench
exec "$python" tests/bench/detectors/compare.py --dayseal "${CARGO_TARGET_DIR:-target}/release/dayseal-bench" "$@"
