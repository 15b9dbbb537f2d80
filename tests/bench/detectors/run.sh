#!/usr/bin/env bash
# Our detectors against Presidio's, in one run: tests/bench/detectors/run.sh [ARGUMENTS OF compare.py]
# Installs Presidio, pinned, into .tools/detectors-venv.
set -euo pipefail
cd "$(dirname "$0")/../../.."

venv=.tools/detectors-venv
if ! cmp -s tests/bench/detectors/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/bench/detectors/requirements.txt
    cp tests/bench/detectors/requirements.txt "$venv/installed.txt"
fi
cargo build --quiet --release --locked -p dayseal-bench
exec "$venv/bin/python" tests/bench/detectors/compare.py --dayseal "${CARGO_TARGET_DIR:-target}/release/dayseal-bench" "$@"
