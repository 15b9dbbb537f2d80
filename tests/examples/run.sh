#!/usr/bin/env bash
# Every example, built and run, each on a fresh log made by the command; then the log is sealed and
# verified, and holds exactly the entries that the example is about. No services.
# DAYSEAL names the command. EXAMPLES="name name" runs only these.
set -euo pipefail
cd "$(dirname "$0")/../.."
dayseal=${DAYSEAL:?path of the dayseal command}
target=$(realpath "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DAYSEAL_CONFIG DAYSEAL_EVIDENCE DAYSEAL_STATE DAYSEAL_KEYS DAYSEAL_POLICY DAYSEAL_NOW

# One example a line: package, name, then every type of entry with its outcome, and how often.
# log.started and log.stopped are in each.
list='
dayseal  quickstart      ai.generation.completed/success=1
dayseal  batch_job       operation.started/deferred=1 operation.completed/success=1 data.exported/deferred=5 data.exported/success=2 data.exported/blocked=1 data.exported/failure=1 data.exported/unknown=1
dayseal  tracing_layer   operation.recorded/success=3 operation.recorded/failure=1 operation.ended/unknown=1 operation.failed/failure=1
dayseal  lambda_handler  function.invocation.started/deferred=2 function.invocation.completed/success=1 function.invocation.failed/failure=1 ai.generation.started/deferred=2 ai.generation.completed/success=1 ai.generation.failed/failure=1
dayseal  ai_client       ai.generation.completed/success=2 ai.generation.blocked/blocked=1
dayseal  agent_with_tools ai.agent.started/success=1 ai.agent.step/success=2 ai.agent.ended/success=1 ai.tool.called/deferred=2 ai.tool.executed/success=2 ai.memory.written/success=1 ai.memory.read/success=1 ai.memory.deleted/success=1 ai.generation.blocked/blocked=1 review.completed/success=1
dayseal  axum_service    http.request.completed/success=2 http.request.blocked/blocked=1 http.request.failed/failure=1 data.deleted/deferred=1 data.deleted/success=1
'

fail() { echo "example $name: $1" >&2; sed 's/^/  /' "$work/$name.out" >&2; exit 1; }

packages=$(awk 'NF { print "-p " $1 }' <<< "$list" | sort -u | xargs)
# shellcheck disable=SC2086
cargo build --locked -q $packages --all-features --examples

# The list is whole: an example that nobody lists would run nowhere.
for package in $(awk 'NF { print $1 }' <<< "$list" | sort -u); do
  cargo metadata --locked --no-deps --format-version 1 |
    python3 -c '
import json, sys
package, = [p for p in json.load(sys.stdin)["packages"] if p["name"] == sys.argv[1]]
print(*(t["name"] for t in package["targets"] if "example" in t["kind"]), sep="\n")' "$package"
done | sort > "$work/there"
awk 'NF { print $2 }' <<< "$list" | sort > "$work/listed"
diff "$work/listed" "$work/there" > "$work/missing" ||
  { echo "not the examples that $0 lists (<) but these (>):" >&2; cat "$work/missing" >&2; exit 1; }

while read -r package name expected; do
  case " ${EXAMPLES:-$name} " in *" $name "*) ;; *) continue ;; esac
  log=$work/$name/audit
  mkdir "$work/$name"
  "$dayseal" init "$log" --origin audit.example.com/examples > /dev/null
  # quickstart is a page of the README, and knows no arguments.
  (cd "$work/$name" && timeout 60 "$target/debug/examples/$name" "$log") > "$work/$name.out" 2>&1 ||
    fail "exit code $?"
  (
    cd "$log"
    # The day is over for whoever says so.
    later=$(date -u -d '+2 days' +%Y-%m-%dT06:00:00.000Z)
    "$dayseal" --now "$later" seal > /dev/null
    "$dayseal" --now "$later" verify --known-head "$work/$name/head" --first-run
    for day in evidence/entries/*; do "$dayseal" --now "$later" cat "${day##*/}"; done
  ) > "$work/$name.log" 2>&1 || { cat "$work/$name.log" >> "$work/$name.out"; fail 'the log does not verify'; }
  python3 - "$work/$name.log" $expected log.started/success=1 log.stopped/success=1 > "$work/differ" <<'PY' ||
import collections, json, sys
lines = (line for line in open(sys.argv[1]) if line.startswith('{"'))
found = collections.Counter("{type}/{outcome}".format(**json.loads(line)) for line in lines)
expected = {kind: int(count) for kind, count in (item.split("=") for item in sys.argv[2:])}
for kind in sorted(found.keys() | expected.keys()):
    if found[kind] != expected.get(kind, 0):
        print(f"{kind}: expected {expected.get(kind, 0)} entries, found {found[kind]}")
sys.exit(found != expected)
PY
    { cat "$work/differ" >> "$work/$name.out"; fail 'not the expected entries'; }
  if grep -q 'not-recorded' "$work/$name.log"; then fail 'a query string is in the log'; fi
  printf 'example %-16s %s entries, sealed and verified\n' "$name" "$(grep -c '^{"' "$work/$name.log")"
done < <(grep . <<< "$list")
