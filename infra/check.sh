#!/usr/bin/env bash
# Everything that can be known about infra/ without an account: format, validity, tests, policies, and that each check can fail.
# Without the registry: tests/terraform-env.sh.
set -euo pipefail
cd "$(dirname "$0")"
work=../.tools/infra

missing() { # tool, how to get it
    if [ -n "${CI:-}" ]; then echo "infra-check: $1 is missing, and CI must not skip this" >&2; exit 1; fi
    echo "infra-check: SKIPPED, $1 is missing. $2" >&2
    exit 0
}
command -v terraform > /dev/null || missing terraform "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install (for example: brew install hashicorp/tap/terraform)."
command -v npm > /dev/null || missing npm "Install Node.js 20 or newer, for the policy evaluator: https://nodejs.org."

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
# Only the checked-in files, and never this directory: no state, no lock file of the user's.
cp -r ./*.tf athena retention state examples tests "$work/"
cp ../tests/rgw/rules.json "$work/tests/rgw-rules.json" # compared with the module's own
find "$work" -name .terraform -prune -exec rm -rf {} +
find "$work" -name '.terraform.lock.hcl' -delete
. tests/terraform-env.sh "$work"

echo "== format"
terraform fmt -check -recursive -diff .

echo "== validate: the module and both examples"
for dir in . examples/small examples/production; do
    terraform -chdir="$work/$dir" init -no-color > "$work/init.log" || { tail -20 "$work/init.log"; exit 1; }
    terraform -chdir="$work/$dir" validate -no-color
done

echo "== policy matrix, beside the tests"
(
    cp -r "$work/tests/policies" "$work/matrix"
    cd "$work/matrix"
    npm ci --silent --no-audit --no-fund
    terraform -chdir="$work" test -json -verbose -filter=tests/policies.tftest.hcl | node matrix.mjs
) > "$work/matrix.log" 2>&1 &
matrix=$!

echo "== terraform test"
tests=0
terraform -chdir="$work" test -no-color > "$work/test.log" 2>&1 || tests=$?
if [ "$tests" != 0 ]; then grep -v '\.\.\. pass' "$work/test.log"; else tail -1 "$work/test.log"; fi

echo "== mutants of the module"
mutants=0
if [ "$tests" = 0 ]; then python3 tests/mutants.py "$work" || mutants=$?; fi

matrix_code=0
wait "$matrix" || matrix_code=$?
cat "$work/matrix.log"
[ "$tests$mutants$matrix_code" = 000 ] || { echo "infra-check: FAILED"; exit 1; }
echo "infra-check: all well"
