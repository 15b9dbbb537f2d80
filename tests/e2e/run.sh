#!/usr/bin/env bash
# run.sh [NAME…]: infra/ applied to LocalStack, and the log run there by its real functions and schedules.
#
# Needs terraform. Real AWS instead, with an account that is given for it: README.md.
#   DAYSEAL    the command; built if not given
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$(dirname "$here")")
cd "$top"

if ! command -v terraform > /dev/null; then
    if [ -n "${CI:-}" ]; then echo "e2e: terraform is missing, and CI must not skip this" >&2; exit 1; fi
    echo "e2e: SKIPPED, terraform is missing: https://developer.hashicorp.com/terraform/install" >&2
    exit 0
fi
target=${CARGO_TARGET_DIR:-target}
cargo build --locked -q -p dayseal-cli
DAYSEAL=$(cd "$(dirname "${DAYSEAL:-$target/debug/dayseal}")" && pwd)/dayseal
export DAYSEAL
PROFILE=dev infra/package.sh "$(uname -m | sed s/aarch64/arm64/)" .tools/e2e/zips > .tools/e2e-package.log 2>&1 || {
    cat .tools/e2e-package.log >&2
    exit 1
}

# An hour of the scheduler is two seconds here.
started=$(DAYSEAL_SCHEDULER_SPEEDUP=1800 DAYSEAL_ALARM_SECONDS=1 LAMBDA_RETRY_BASE_DELAY=0 localstack/start.sh)
pid=$(sed -n 's/^pid=//p' <<< "$started")
trap 'localstack/stop.sh "$pid"' EXIT
ENDPOINT=http://127.0.0.1:$(sed -n 's/^port=//p' <<< "$started")
export ENDPOINT
[ $# -gt 0 ] || set -- test_log
PYTHONPATH=$here "$top/.tools/localstack-venv/bin/python" -m unittest -v "$@"
