#!/usr/bin/env bash
# The main job on a directory, no services: record, seal, verify, tamper, see it caught, report.
# DAYSEAL names the command; everything is made below a temporary folder and removed at the end.
# Fails if any step ends otherwise than the text says.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dayseal=${DAYSEAL:?path of the dayseal command}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset DAYSEAL_CONFIG DAYSEAL_EVIDENCE DAYSEAL_STATE DAYSEAL_KEYS DAYSEAL_POLICY DAYSEAL_NOW

say() { printf '\n== %s\n' "$*"; }
run() { printf '$ dayseal %s\n' "$*"; "$dayseal" "$@"; }
# A demonstration cannot wait for midnight: --now says which day it is.
at() { local now=$1; shift; printf '$ dayseal %s\n' "$*"; "$dayseal" --now "$now" "$@"; }
now=2026-11-19T13:00:00.000Z

say "A log: its keys, its policy, its first signed checkpoint"
at 2026-11-16T08:00:00.000Z init "$work/log" --origin audit.example.com/demo --service video-api
cd "$work/log"

say "Three days of audit events from AI calls, agents, people and services"
for day in 16 17 18; do
  at "2026-11-${day}T14:30:00.000Z" record "$here/events.ndjson"
  at "2026-11-$((day + 1))T02:00:00.000Z" seal
done

say "What is stored: encrypted batches, one signed manifest and checkpoint a day"
find evidence -type f -printf '%8s bytes  %p\n' | sort -k3
if grep -rq 'patient_record_read' evidence; then echo 'plaintext in the evidence!' >&2; exit 1; fi
run show checkpoints/2026-11-18
at $now cat 2026-11-18 | sed -n 5p

say "Verify: integrity, completeness and anchoring, apart"
at $now verify --known-head "$work/head" --first-run
at $now verify --known-head "$work/head" > "$work/report.txt"
tail -4 "$work/report.txt"

# Each attack works on its own copy; the head remembered above is the auditor's, out of reach.
attack() { # title, expected exit code, expected finding, commands
  local title=$1 exit=$2 finding=$3 code=0
  rm -rf "$work/copy"; cp -r "$work/log" "$work/copy"; chmod -R u+w "$work/copy"; cd "$work/copy"
  eval "$4"
  "$dayseal" --now $now verify --known-head "$work/head" > "$work/out.txt" || code=$?
  if [ $code != "$exit" ] || ! grep -q "^  $finding  " "$work/out.txt"; then
    echo "expected exit code $exit and finding $finding, got $code:" >&2; cat "$work/out.txt" >&2; exit 1
  fi
  printf '\n%s\n' "$title: exit code $code"
  sed -n "/^  $finding  /,+2p" "$work/out.txt" | head -3
}

say "Five attacks, each found and named"
batch='entries/2026-11-17/*/*.batch'
attack '1. edit one byte of a batch' 1 altered_object \
  "printf X | dd of=\$(ls evidence/$batch) bs=1 seek=1000 conv=notrunc status=none"
attack '2. delete a batch' 4 missing_object "rm -f evidence/$batch"
attack '3. drop the newest day and its seal' 5 rolled_back \
  'rm -rf evidence/entries/2026-11-18 evidence/manifests/2026-11-18.ndjson evidence/checkpoints/2026-11-18'
attack '4. add a stray object' 1 unlisted_object 'cp policy evidence/entries/2026-11-17/notes.txt'
attack '5. roll everything back, the head in the state root too' 5 rolled_back \
  'rm -rf evidence/*/2026-11-18* && cp -f evidence/checkpoints/2026-11-17 state/heads/*'

cd "$work/log"
say "What was blocked? Found without opening what cannot hold an answer, and proved to who has the policy alone"
at $now query --outcome blocked --limit 2 --purpose 'SOC 2 sample 7'
blocked=$("$dayseal" --now $now query --outcome blocked --limit 1 --json 2> /dev/null | grep -o '"id":"[0-9a-f-]\{36\}"' | head -1 | cut -d'"' -f4)
at $now prove "$blocked" --out "$work/entry.proof"
at $now verify-proof "$work/entry.proof" --policy policy | tail -5

say "The untouched log, once more, and its report"
at $now verify --known-head "$work/head" > /dev/null
at $now report --framework soc2 --known-head "$work/head" > "$work/report.txt"
sed -n '1,/^ENTRIES/p' "$work/report.txt" | head -n -1
sed -n '/PI1.2-PI1.5/,/source/p' "$work/report.txt"
