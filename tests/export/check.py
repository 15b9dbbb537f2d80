#!/usr/bin/env python3
"""Reads what `dayseal export` made with others' readers, and holds it against what `dayseal query` printed.

    check.py DIR

DIR has `query.ndjson` (the stored entries, as query prints them), and an export in each format: `export.ndjson`,
`export.csv`, `export.ocsf.ndjson`, `export.otlp.jsonl` and the directory `lake`. OCSF events are held against
ocsf.json: classes, required attributes, values of enumerations, types, constraints, and no attribute that the schema
does not have."""

import collections
import csv
import hashlib
import ipaddress
import json
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from google.protobuf import json_format
from opentelemetry.proto.logs.v1 import logs_pb2

FACTS = json.loads((Path(__file__).parent / "ocsf.json").read_text())
TYPES = {
    "integer_t": int, "long_t": int, "timestamp_t": int, "string_t": str, "ip_t": str, "object": dict,
    "email_t": str, "hostname_t": str, "username_t": str, "url_t": str, "datetime_t": str, "file_hash_t": str,
    "resource_uid_t": str, "subnet_t": str, "uuid_t": str, "bytestring_t": str, "mac_t": str,
}


class Wrong(Exception):
    pass


def need(condition, text):
    if not condition:
        raise Wrong(text)


def check_object(path, value, facts, profiles):
    need(isinstance(value, dict) and value, f"{path}: not an object with attributes")
    attributes = facts["attributes"]
    for name, fact in attributes.items():
        on = fact.get("profile") is None or fact["profile"] in profiles
        need(not (fact.get("required") and on) or name in value, f"{path}.{name} is required")
    for kind, names in facts["constraints"].items():
        there = [name for name in names if name in value]
        need(len(there) == 1 if kind == "just_one" else there, f"{path}: {kind} of {names}")
    for name, part in value.items():
        fact = attributes.get(name)
        need(fact, f"{path}.{name} is not in the schema")
        profile = fact.get("profile")
        need(profile is None or profile in profiles, f"{path}.{name} needs the profile {profile}")
        items = part if fact.get("array") else [part]
        need(isinstance(items, list) and items, f"{path}.{name}: not a list")
        for item in items:
            check_value(f"{path}.{name}", name, item, fact, value, profiles)


def check_value(path, name, value, fact, around, profiles):
    kind = fact["type"]
    if kind in FACTS["objects"]:
        return check_object(path, value, FACTS["objects"][kind], profiles)
    need(kind in TYPES, f"{path}: no rule for {kind}")
    need(isinstance(value, TYPES[kind]) and not isinstance(value, bool), f"{path}: {value!r} is no {kind}")
    if kind == "ip_t":
        ipaddress.ip_address(value)
    if "enum" in fact and name not in ("class_uid", "category_uid", "type_uid"):
        caption = fact["enum"].get(str(value))
        need(caption is not None, f"{path}: {value} is none of {sorted(fact['enum'])}")
        sibling = around.get(fact["sibling"])
        if sibling is not None and value != 99:
            need(sibling == caption, f"{path}: {value} is {caption}, found {sibling}")
        need(value != 99 or sibling, f"{path}: 99 without its own word")


def check_event(event):
    facts = FACTS["classes"].get(str(event["class_uid"]))
    need(facts, f"class {event['class_uid']}")
    profiles = event["metadata"]["profiles"]
    need(profiles == sorted(set(profiles)), "profiles")
    check_object("event", event, facts, profiles)
    need(event["metadata"]["version"] == FACTS["version"], "metadata.version")
    need(event["category_uid"] == event["class_uid"] // 1000, "category_uid")
    need(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"], "type_uid")
    need((event["class_name"], event["category_name"]) == (facts["caption"], facts["category"]), "captions")
    activity = facts["attributes"]["activity_id"]["enum"][str(event["activity_id"])]
    need(event["type_name"] == f"{facts['caption']}: {activity}", "type_name")
    [attestation] = event["attestation_list"]
    need(len(bytes.fromhex(attestation["fingerprint"]["value"])) == 32, "leaf")
    sealed = "dayseal.sealed_by" in event["unmapped"]
    need(("signatures" in attestation) == sealed, "a signature without a seal, or a seal without one")


def lines(path):
    data = path.read_bytes()
    need(not data or data.endswith(b"\n"), f"{path}: no newline at the end")
    return data.splitlines()


def check_ndjson(top, stored):
    found = lines(top / "export.ndjson")
    need(len(found) == len(stored), f"ndjson: expected {len(stored)}, found {len(found)}")
    for line, entry in zip(found, stored):
        read = json.loads(line)
        place = read["place"]
        need(line.startswith(b'{"entry":' + entry + b',"place":{'), "ndjson: not the stored bytes")
        # The same by anybody who only reads JSON and knows the one encoding.
        again = json.dumps(read["entry"], ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        leaf = hashlib.sha256(b"\0" + bytes.fromhex(place["salt"]) + again).hexdigest()
        need(leaf == place["leaf"], f"ndjson: leaf of {place['batch']}#{place['index']}")
    return {f"{p['batch']}#{p['index']}": p for p in (json.loads(line)["place"] for line in found)}


def check_csv(top, entries):
    with open(top / "export.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    need(len(rows) == len(entries), f"csv: expected {len(entries)}, found {len(rows)}")
    for row, entry in zip(rows, entries):
        need(None not in row and None not in row.values(), "csv: a row of another length")
        for column, wanted in (("id", entry["id"]), ("type", entry["type"]), ("actor.id", entry["actor"]["id"])):
            need(row[column].removeprefix("'") == wanted, f"csv: {column}")
        need(json.loads(row["labels"] or "{}") == entry.get("labels", {}), "csv: labels")
        for column, cell in row.items():
            number = cell.lstrip("-").isdigit()
            need(number or cell.lstrip()[:1] not in ("=", "+", "-", "@"), f"csv: {column} is a formula")


def check_ocsf(top, entries):
    events = [json.loads(line) for line in lines(top / "export.ocsf.ndjson")]
    need(len(events) == len(entries), f"ocsf: expected {len(entries)}, found {len(events)}")
    for event, entry in zip(events, entries):
        try:
            check_event(event)
        except Wrong as wrong:
            raise Wrong(f"ocsf: {entry['type']} {entry['id']}: {wrong}") from None
        need(event["metadata"]["uid"] == entry["id"], "ocsf: order")
    return events


def plain(value):
    """A row as the JSON event has it: without the columns that are empty."""
    if isinstance(value, dict):
        found = {name: plain(part) for name, part in value.items() if part is not None}
        return {name: part for name, part in found.items() if part is not None} or None
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value


def check_parquet(top, events):
    wanted = collections.defaultdict(list)
    for event in events:
        wanted[event["class_uid"]].append(event)
    rows = collections.defaultdict(list)
    for path in sorted((top / "lake").rglob("*")):
        if path.is_dir():
            continue
        # Without this, pyarrow would add the partitions as columns.
        file = pq.ParquetFile(path)
        need({file.metadata.row_group(0).column(n).compression for n in range(file.metadata.num_columns)} == {"ZSTD"}, "zstd")
        found = file.read().to_pylist(maps_as_pydicts="strict")
        parts = dict(part.split("=") for part in path.relative_to(top).parts if "=" in part)
        [uid] = {row["class_uid"] for row in found}
        need(f"ext/dayseal-{uid}/region=" in str(path), f"{path}: class {uid}")
        days = {f"{duckdb.execute('select strftime(make_timestamp(? * 1000), ?)', [r['time'], '%Y%m%d']).fetchone()[0]}" for r in found[:1] + found[-1:]}
        need(days == {parts["eventDay"]}, f"{path}: {days}")
        need([row["time"] for row in found] == sorted(row["time"] for row in found), f"{path}: not in the order of time")
        rows[uid] += found
    need(set(rows) == set(wanted), f"parquet: classes {set(rows)}, expected {set(wanted)}")
    key = lambda event: (event["attestation_list"][0]["uid"],)
    for uid, expected in wanted.items():
        found = sorted((plain(row) for row in rows[uid]), key=key)
        need(found == sorted(expected, key=key), f"parquet: rows of class {uid} are not the events")
        glob = str(top / f"lake/ext/dayseal-{uid}/**/*.parquet")
        for sql, answer in (
            ("select count(*)", len(expected)),
            ("select count(distinct metadata.uid)", len({e["metadata"]["uid"] for e in expected})),
            ("select count(*) filter (where status = 'Success')", sum(e["status"] == "Success" for e in expected)),
            ("select count(*) filter (where unmapped['dayseal.sealed_by'] is not null)", sum("dayseal.sealed_by" in e["unmapped"] for e in expected)),
            ("select count(distinct attestation_list[1].fingerprint.value)", len({e["attestation_list"][0]["fingerprint"]["value"] for e in expected})),
            ("select min(accountId)", "external"),
        ):
            found = duckdb.execute(f"{sql} from read_parquet(?, hive_partitioning = true, union_by_name = false)", [glob]).fetchone()[0]
            need(found == answer, f"duckdb: {sql} of class {uid}: expected {answer}, found {found}")


def check_otel(top, entries):
    records = []
    for line in lines(top / "export.otlp.jsonl"):
        # Unknown fields are an error here.
        data = json_format.Parse(line, logs_pb2.LogsData())
        for resource in data.resource_logs:
            need(resource.schema_url and resource.scope_logs[0].schema_url, "otel: schema urls")
            name = {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"]
            records += [(name, record) for record in resource.scope_logs[0].log_records]
    need(len(records) == len(entries), f"otel: expected {len(entries)}, found {len(records)}")
    for (service, record), entry in zip(records, entries):
        attributes = {a.key: a.value for a in record.attributes}
        need(len(attributes) == len(record.attributes), "otel: an attribute twice")
        need(attributes["log.record.uid"].string_value == entry["id"], "otel: order")
        need((service, record.event_name) == (entry["service"]["name"], entry["type"]), "otel: service, event name")
        if provider := entry.get("ai", {}).get("provider"):
            need(attributes["gen_ai.provider.name"].string_value == provider, "otel: provider")
        for name, key in (("input", "gen_ai.usage.input_tokens"), ("output", "gen_ai.usage.output_tokens")):
            tokens = entry.get("ai", {}).get("usage", {}).get(name)
            need(tokens is None or attributes[key].int_value == tokens, f"otel: {key}")


def main():
    top = Path(sys.argv[1])
    stored = lines(top / "query.ndjson")
    need(stored, "no entries")
    entries = [json.loads(line) for line in stored]
    places = check_ndjson(top, stored)
    need(len(places) == len(stored), "two entries in one place")
    check_csv(top, entries)
    events = check_ocsf(top, entries)
    check_parquet(top, events)
    check_otel(top, entries)
    classes = collections.Counter(event["class_uid"] for event in events)
    kinds = ", ".join(f"{n} of {uid}" for uid, n in sorted(classes.items()))
    print(f"{len(stored)} entries read back from five formats; OCSF events valid: {kinds}")


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(f"{wrong}")
