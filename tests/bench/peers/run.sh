#!/usr/bin/env bash
# dayseal against its peers, in one run: tests/bench/peers/run.sh [ARGUMENTS OF peers.py]
# Installs the peers, pinned, into .tools/peers-venv.
set -euo pipefail
cd "$(dirname "$0")/../../.."

venv=.tools/peers-venv
if ! cmp -s tests/bench/peers/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/bench/peers/requirements.txt
    cp tests/bench/peers/requirements.txt "$venv/installed.txt"
fi
cargo build --quiet --release --locked -p dayseal-bench
bin="${CARGO_TARGET_DIR:-target}/release/dayseal-bench"
exec "$venv/bin/python" tests/bench/peers/peers.py --dayseal "$bin" "$@"
