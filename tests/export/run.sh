#!/usr/bin/env bash
# Exports in every format, read back by pyarrow, DuckDB, protobuf and Python's csv, and compared with what `query` prints.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dayseal=${1:?path of the dayseal command}
. "$here/../venv.sh"
python=$(venv export "$here/requirements.txt")
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
unset DAYSEAL_CONFIG DAYSEAL_EVIDENCE DAYSEAL_STATE DAYSEAL_KEYS DAYSEAL_POLICY DAYSEAL_NOW
now() { at=$1; shift; "$dayseal" --now "2026-11-$at:00:00.000Z" --no-progress "$@"; }
now 16T08 init "$work/log" --origin audit.example.com/export > /dev/null
cd "$work/log"
python3 "$here/events.py" > "$work/events"
for day in 16 17 18; do
  now ${day}T14 record "$work/events" 2> /dev/null
  now ${day}T15 record "$here/../demo/events.ndjson" 2> /dev/null
  # The last day stays open.
  if [ $day != 18 ]; then now $((day + 1))T02 seal > /dev/null; fi
done
# Reading stands in the log as well: all formats are asked for one and the same time.
sealed=2026-11-18T16:00:00.000Z
export_all() { # its directory, then flags
  into=$1; shift; mkdir "$into"
  "$dayseal" --now $sealed query --stored --format json --until 2026-11-18T15:30:00.000Z "$@" 2> /dev/null > "$into/query.ndjson"
  for format in ndjson:export.ndjson csv:export.csv ocsf:export.ocsf.ndjson otel:export.otlp.jsonl parquet:lake; do
    "$dayseal" --now $sealed export --format "${format%%:*}" --out "$into/${format#*:}" --until 2026-11-18T15:30:00.000Z "$@" > /dev/null 2>&1
  done
  "$python" "$here/check.py" "$into"
}
export_all "$work/all"
export_all "$work/some" --outcome blocked --not type=own.kind --days 2026-11-17..2026-11-18
# The checks can fail: each edit of a good export is found.
edit() { # what is edited, the edit, what the checks must say
  rm -rf "$work/bad"; cp -r "$work/some" "$work/bad"
  sed -i "$2" "$work/bad/$1"
  if "$python" "$here/check.py" "$work/bad" > "$work/out" 2>&1 || ! grep -q "$3" "$work/out"; then
    echo "an edit of $1 was not found: $2" >&2; cat "$work/out" >&2; exit 1
  fi
}
edit export.ndjson '1s/"salt":"./"salt":"x/' .
edit export.ndjson '2s/"outcome":"blocked"/"outcome":"success"/' 'not the stored bytes'
edit export.csv '3d' 'csv: expected'
edit export.ocsf.ndjson '1s/"activity_id":[0-9]*/"activity_id":77/' 'none of'
edit export.ocsf.ndjson '1s/"type_uid":/"type_uid":1/' 'type_uid'
edit export.ocsf.ndjson '1s/"class_name":/"klass_name":/' 'not in the schema'
edit export.ocsf.ndjson '1s/"severity_id":[0-9],/"severity_id":1,/' 'severity'
edit export.ocsf.ndjson '1s/"dayseal.index":"[0-9]*"/"dayseal.index":"x"/' 'are not the events'
edit export.otlp.jsonl '1s/"eventName"/"eventNames"/' .
rm -rf "$work/bad"; cp -r "$work/some" "$work/bad"; rm "$(find "$work/bad/lake" -name '*.parquet' | head -n 1)"
if "$python" "$here/check.py" "$work/bad" > /dev/null 2>&1; then echo 'a missing Parquet file was not found' >&2; exit 1; fi
echo 'exports agree with the log in every reader; ten edits were found'
