#!/usr/bin/env bash
# run.sh [log] [roles]: infra/ applied to an account, and the log run there. Both, if none is named.
#
#   log    the real functions and schedules, metrics, alarms, attacks; on LocalStack
#   roles  what each role can do and what it is refused; on MiniStack, which enforces rights
#
# Needs terraform.
#   DAYSEAL                    the command; built if not given
#   DAYSEAL_E2E_AWS_ACCOUNT    number of an account in AWS to run in instead: README.md, first
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
account=${DAYSEAL_E2E_AWS_ACCOUNT:-}
# On the emulators they are built quickly, for AWS as they are released.
PROFILE=$([ -n "$account" ] && echo lambda || echo dev) infra/package.sh "$(uname -m | sed s/aarch64/arm64/)" .tools/e2e/zips > .tools/e2e-package.log 2>&1 || {
    cat .tools/e2e-package.log >&2
    exit 1
}

python_of() { echo "$top/.tools/$1/bin/python"; }
suite() { PYTHONPATH=$here "$1" -m unittest -v "$2"; } # PYTHON TEST

pids=()
trap 'for pid in "${pids[@]}"; do localstack/stop.sh "$pid"; done' EXIT
emulated() { # TEST SCRIPT VENV
    local started
    started=$("localstack/$2")
    pids+=("$(sed -n 's/^pid=//p' <<< "$started")")
    # Nothing of the caller's own account may come near, and nothing of the tests near it.
    (
        for name in "${!AWS_@}"; do unset "$name"; done
        export AWS_ENDPOINT_URL=http://127.0.0.1:$(sed -n 's/^port=//p' <<< "$started") AWS_REGION=eu-west-1
        export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
        suite "$(python_of "$3")" "$1"
    )
}

in_aws() { # TEST
    : "${AWS_REGION:?e2e: AWS_REGION must name the region to run in}"
    local here=$top/localstack python
    # shellcheck source=localstack/lib.sh
    . "$here/lib.sh"
    python=$(find_python 3 13) || python=$(find_python 3 11)
    venv=$tools/ministack-venv
    install "$python" "$here/pins/ministack-1.5.33.txt" "$venv"
    PYTHONPATH=$top/tests/e2e env -u AWS_ENDPOINT_URL "$venv/bin/python" -m unittest -v "$1"
}

[ $# -gt 0 ] || set -- roles log
for suite; do
    case ${account:+aws-}$suite in
        aws-log | aws-roles) in_aws "test_$suite" ;;
        # An hour of the scheduler is two seconds here.
        log) DAYSEAL_SCHEDULER_SPEEDUP=1800 DAYSEAL_ALARM_SECONDS=1 LAMBDA_RETRY_BASE_DELAY=0 emulated test_log start.sh localstack-venv ;;
        roles) emulated test_roles ministack.sh ministack-venv ;;
        *) echo "e2e: no suite $suite: log or roles" >&2; exit 2 ;;
    esac
done
