#!/usr/bin/env bash
# Runs a command with LocalStack up and the endpoints of the tests set, for S3 and for Ed25519 by KMS; stops it by pid at the end.
set -euo pipefail
top=$(cd "$(dirname "$0")/.." && pwd)
started=$("$top/localstack/start.sh")
port=$(sed -n 's/^port=//p' <<<"$started")
pid=$(sed -n 's/^pid=//p' <<<"$started")
trap '"$top/localstack/stop.sh" "$pid"' EXIT
DAYSEAL_TEST_S3_ENDPOINT=http://127.0.0.1:$port DAYSEAL_TEST_ED25519_ENDPOINT=http://127.0.0.1:$port "$@"
