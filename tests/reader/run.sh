#!/usr/bin/env bash
# The independent reader, in a virtual environment of its own: on its own tests, on every vector,
# and on a log that the given dayseal command makes, whole and then tampered with.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dayseal=${1:?path of the dayseal command}
. "$here/../venv.sh"
python=$(venv reader "$here/requirements.txt")
reader() { "$python" "$here/dayseal_reader.py" "$@"; }

(cd "$here" && "$python" -m unittest -q)
reader vectors "$here/../vectors"

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
unset DAYSEAL_CONFIG DAYSEAL_EVIDENCE DAYSEAL_STATE DAYSEAL_KEYS DAYSEAL_POLICY DAYSEAL_NOW
"$dayseal" --now 2026-11-16T08:00:00.000Z init "$work/log" --origin audit.example.com/reader > /dev/null
cd "$work/log"
for day in 16 17; do
  "$dayseal" --now "2026-11-${day}T14:00:00.000Z" record "$here/../demo/events.ndjson" 2> /dev/null
  "$dayseal" --now "2026-11-$((day + 1))T02:00:00.000Z" seal > /dev/null
  # From the second day on another key signs; the auditor hears of it below.
  if [ $day = 16 ]; then
    "$dayseal" rotate signing-key --to next.json --json | sed -n 's/.*"policy_line": "\(.*\)",/\1/p' > line
  fi
done
check() { reader verify evidence --policy policy --keys keys.json --head state/heads/* --now 2026-11-18T09:00:00.000Z; }
cp policy policy-before; cat line >> policy
check
# What was taken out of the log is checked without it, over the change of signing key.
now=2026-11-18T09:00:00.000Z
entry=$("$dayseal" --now 2026-11-18T09:00:00.000Z cat 2026-11-17 | sed -n '1s/.*"id":"\([0-9a-f-]\{36\}\)".*/\1/p')
"$dayseal" --now $now prove "$entry" --out "$work/entry.proof" 2> /dev/null
"$dayseal" --now $now prove "$entry" --redact --out "$work/redacted.proof" 2> /dev/null
for proof in entry redacted; do reader verify-proof "$work/$proof.proof" --policy policy > /dev/null; done
sed 's/"outcome":"/&x/' "$work/entry.proof" > "$work/altered.proof"
if reader verify-proof "$work/altered.proof" --policy policy > /dev/null; then echo 'the reader took an altered proof' >&2; exit 1; fi
"$dayseal" --now $now bundle --days 2026-11-16..2026-11-17 --out "$work/bundle" > /dev/null 2>&1
"$dayseal" --now $now bundle --days 2026-11-17 --digests --out "$work/digests" > /dev/null 2>&1
for bundle in bundle digests; do reader verify-bundle "$work/$bundle" --policy policy --now $now; done
chmod u+w "$work/bundle/entries/2026-11-16.txt"; sed -i '2s/"outcome":"/&x/' "$work/bundle/entries/2026-11-16.txt"
if reader verify-bundle "$work/bundle" --policy policy --now $now > "$work/out"; then echo 'the reader took an altered bundle' >&2; cat "$work/out" >&2; exit 1; fi
batch=$(ls evidence/entries/2026-11-16/*/*.batch); chmod u+w "$batch"
printf X | dd of="$batch" bs=1 seek=1500 conv=notrunc status=none
if check > "$work/out"; then echo 'the reader missed an altered batch' >&2; cat "$work/out" >&2; exit 1; fi
cp policy-before policy
"$dayseal" --now 2026-11-19T02:00:00.000Z seal > /dev/null
if reader verify evidence --policy policy --keys keys.json --now 2026-11-19T09:00:00.000Z > "$work/out" || ! grep -q 'unnamed_key.*checkpoints/2026-11-18' "$work/out"; then
  echo 'the reader took a key that the policy does not name' >&2; cat "$work/out" >&2; exit 1
fi
# Fourteen months of days, of which the chain keeps one year and ten days.
"$dayseal" --now 2025-09-01T08:00:00.000Z init "$work/old" --origin audit.example.com/old --retention-days 10 > /dev/null
cd "$work/old"
"$dayseal" --now 2026-11-17T09:00:00.000Z seal > /dev/null
agree() {
  code=0; reader verify evidence --policy policy --keys keys.json --head state/heads/* --now 2026-11-17T09:00:00.000Z > "$work/out" || code=$?
  theirs=0; "$dayseal" --now 2026-11-17T09:00:00.000Z verify --no-progress > "$work/theirs" || theirs=$?
  if [ "$code $theirs" != "$1 $1" ]; then
    echo "expected $1 for $2, found $code by the reader and $theirs by dayseal" >&2; cat "$work/out" "$work/theirs" >&2; exit 1
  fi
}
drop() { for path in "evidence/manifests/$1.ndjson" "evidence/checkpoints/$1"; do rm -f "$path"; done; }
agree 0 'a whole log'
day=2025-09-01
while [ "$day" != 2025-11-06 ]; do drop "$day"; day=$(date -u -d "$day + 1 day" +%F); done
agree 0 'days whose time is over'
now=2026-11-17T09:00:00.000Z
"$dayseal" --now $now bundle --days 2025-11-06..2025-11-07 --out "$work/oldest" > /dev/null 2>&1
reader verify-bundle "$work/oldest" --policy policy --now $now > /dev/null
drop 2025-11-06
agree 4 'a day gone before its time'
# A batch that goes by an officer's order, and one that goes without.
"$dayseal" --now 2026-11-15T08:00:00.000Z init "$work/removal" --origin audit.example.com/removal > /dev/null
cd "$work/removal"
"$dayseal" officer new dpo --out dpo.json | grep -o 'officer audit.*+.*' > officer
cp policy policy-before; cat officer >> policy
"$dayseal" --now 2026-11-15T14:00:00.000Z record "$here/../demo/events.ndjson" 2> /dev/null
"$dayseal" --now 2026-11-16T02:00:00.000Z seal > /dev/null
batch=$(cd evidence; ls -d entries/2026-11-15/*/*.batch)
"$dayseal" --now 2026-11-15T20:00:00.000Z removal order --object "$batch" --reason 'case 7' --basis court-order --officer dpo --sign-with dpo.json > /dev/null
rm -f "evidence/$batch"
agree 4 'a removal that no seal has recorded'
"$dayseal" --now 2026-11-17T02:00:00.000Z seal > /dev/null
agree 0 'a lawful removal'
now=2026-11-17T09:00:00.000Z
"$dayseal" --now $now bundle --days 2026-11-15 --out "$work/removed" > /dev/null 2>&1
reader verify-bundle "$work/removed" --policy policy --now $now > /dev/null
code=0; reader verify-bundle "$work/removed" --policy policy-before --now $now > "$work/out" || code=$?
if [ $code != 1 ] || ! grep -q unapproved_removal "$work/out"; then echo 'the reader took an order of nobody' >&2; cat "$work/out" >&2; exit 1; fi
mv policy-before policy
agree 1 'a removal by no officer of the policy'
echo 'the reader agrees: the log, two proofs and four bundles held over a change of signing key, an unnamed key was told, each altered byte was found, of a year what may be gone, and of removals the lawful one'
