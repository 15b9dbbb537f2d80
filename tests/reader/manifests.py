"""Leaf records and manifests: docs/spec/manifest.md."""

from itertools import pairwise

from notes import Vkey
from primitives import (
    Bad, batch_key, compact, day_number, fields, hex_of, leaf_hash, list_of, MIB, one_of, only_true, origin_name, service_name, strict_json, text_of,
    time_ms, Tree, U64, uint,
)  # fmt: skip
from statements import MAX_STATEMENT


DIGEST = hex_of(32)
COUNTS = ["batches", "entries", "bytes", "late", "strays", "gaps", "conflicts"]
COUNTS += ["streams_closed", "streams_open"]


def kind(name):
    return ("kind", one_of(name))


def verifier_key(text):
    try:
        Vkey(text)
    except (Bad, AttributeError) as error:
        raise ValueError(str(error)) from None


RECORDS = {
    "day": fields(
        [
            kind("day"),
            ("v", uint(255)),
            ("origin", origin_name),
            ("day", day_number),
            ("sealed_at", time_ms),
            ("size", uint(U64)),
            ("frontier", list_of(DIGEST)),
            ("previous?", DIGEST),
            ("counts", fields([(n, uint(U64)) for n in COUNTS])),
            (
                "services",
                list_of(
                    fields([("name", service_name), ("batches", uint(U64)), ("entries", uint(U64))]),
                    200,
                ),
            ),
            ("more_services", uint(2**32 - 1)),
            ("late_days", uint(65_535)),
            ("keep_until", day_number),
            ("kept_from", day_number),
        ]
    ),
    "batch": fields(
        [
            kind("batch"),
            ("key", batch_key),
            ("version?", text_of(1024)),
            ("length", uint(40 * MIB)),
            ("previous?", DIGEST),
            ("entries", uint(262_144, 1)),
            ("first_time", time_ms),
            ("last_time", time_ms),
            ("root", DIGEST),
            ("service", service_name),
            ("last?", only_true),
            ("late?", only_true),
        ]
    ),
    "stray": fields(
        [
            kind("stray"),
            ("key", text_of(1024)),
            ("version?", text_of(2**32)),
            ("length", uint(U64)),
            ("sha256?", DIGEST),
            (
                "reason",
                one_of(
                    "name",
                    "too_large",
                    "digest",
                    "format",
                    "header",
                    "extra_version",
                    "delete_marker",
                ),
            ),
        ]
    ),
    "gap": fields(
        [
            kind("gap"),
            ("day", day_number),
            ("stream", hex_of(16)),
            ("from", uint(2**32 - 1)),
            ("to", uint(2**32 - 1)),
        ]
    ),
    "conflict": fields(
        [
            kind("conflict"),
            ("day", day_number),
            ("stream", hex_of(16)),
            ("seq", uint(2**32 - 1)),
            ("reason", one_of("duplicate", "link", "after_last", "service")),
            ("sha256", list_of(DIGEST, 16)),
        ]
    ),
    "removed": fields([kind("removed"), ("key", batch_key), ("order", text_of(MAX_STATEMENT))]),
    "key": fields([kind("key"), ("verifier_key", verifier_key)]),
}


def decode_record(line):
    if len(line) > 65_535:
        raise Bad("too_long")
    try:
        r = strict_json(line)
        name = r.get("kind") if isinstance(r, dict) else None
        if isinstance(name, str) and name not in RECORDS:
            raise Bad("unknown_kind", name)
        if name == "day" and type(r.get("v")) is int and r["v"] != 1:
            raise Bad("version", str(r["v"]))
        if name not in RECORDS:
            raise ValueError("no kind")
        RECORDS[name](r)
        if compact(r) != line:
            raise ValueError("not its one encoding")
        if name == "day":
            names = [s["name"] for s in r["services"]]
            if any(a >= b for a, b in pairwise(names)):
                raise ValueError("services out of order")
        if name == "batch":
            seq = batch_key(r["key"])[2]
            if (seq == 0) != ("previous" not in r):
                raise ValueError("previous")
            if r["first_time"] > r["last_time"]:
                raise ValueError("times backwards")
        if name == "gap" and r["from"] > r["to"]:
            raise ValueError("gap backwards")
    except ValueError as error:
        raise Bad("record", str(error)) from None
    return r


def order_key(r):
    name = r["kind"]
    if name in ("batch", "stray"):
        return 1, r["key"].encode(), r.get("version", "").encode()
    if name == "gap":
        return 2, r["day"], r["stream"], r["from"]
    if name == "conflict":
        return 3, r["day"], r["stream"], r["seq"], r["reason"]
    if name == "removed":
        return 4, r["key"].encode(), r["order"].encode()
    if name == "key":
        return 5, r["verifier_key"].encode()
    return (0,)


def streams_of(batches):
    """{(day, stream): {seq: [(digest, record)]}}, everything in order."""
    out = {}
    for r in batches:
        day, stream, seq, digest = batch_key(r["key"])
        out.setdefault((day, stream), {}).setdefault(seq, []).append((digest, r))
    return {k: {s: sorted(v, key=lambda x: x[0]) for s, v in sorted(out[k].items())} for k in sorted(out)}


def audit_streams(batches):
    """Gaps, conflicts, streams closed and open: by definition, stream by stream."""
    gaps, conflicts, closed, still_open = [], [], 0, 0
    for (day, stream), numbers in streams_of(batches).items():
        at = {"day": day, "stream": stream}
        next_ = 0
        for seq in numbers:
            if seq > next_:
                gaps.append({"kind": "gap", **at, "from": next_, "to": seq - 1})
            next_ = seq + 1
        closing = min((s for s, v in numbers.items() if any("last" in r for _, r in v)), default=None)
        service = next(iter(numbers.values()))[0][1]["service"]
        for seq, here in numbers.items():
            before = [digest for digest, _ in numbers.get(seq - 1, [])]
            found = {
                "after_last": [d for d, _ in here if closing is not None and seq > closing],
                "duplicate": [d for d, _ in here] if len(here) > 1 else [],
                "link": [d for d, r in here if before and r["previous"] not in before],
                "service": [d for d, r in here if r["service"] != service],
            }
            for reason, digests in found.items():
                if digests:
                    entry = {"kind": "conflict", **at, "seq": seq, "reason": reason}
                    conflicts.append({**entry, "sha256": digests[:16]})
        closed, still_open = closed + (closing is not None), still_open + (closing is None)
    return gaps, conflicts, closed, still_open


class Manifest:
    """A manifest that is consistent in itself."""

    def __init__(self, data, origin, day):
        if not data.endswith(b"\n"):
            raise Bad("framing", "no newline at the end")
        lines = data[:-1].split(b"\n")
        head = decode_record(lines[0])
        if head["kind"] != "day":
            raise Bad("mismatch.first", head["kind"])
        if head["origin"] != origin:
            raise Bad("mismatch.origin", head["origin"])
        if head["day"] != day:
            raise Bad("mismatch.day", head["day"])
        nodes = [bytes.fromhex(n) for n in head["frontier"]]
        self.before, self.after = Tree(head["size"], nodes), Tree(head["size"], nodes)
        self.after.push(leaf_hash(lines[0]))
        self.head, self.records, last = head, [], None
        self.next_key, removed = None, 0
        number = day_number(day)
        window = range(number - head["late_days"], number + 1)
        for line in lines[1:]:
            r = decode_record(line)
            key = order_key(r)
            if last is not None and not last < key:
                raise Bad("mismatch.order", line[:80].decode())
            last = key
            if r["kind"] == "day":
                raise Bad("mismatch.second_day")
            if r["kind"] == "batch":
                own = batch_key(r["key"])[0]
                if (own != day) != ("late" in r) or day_number(own) not in window:
                    raise Bad("mismatch.late", r["key"])
                if (
                    self.records
                    and self.records[-1].get("key") == r["key"]
                    and self.records[-1]["kind"] == "batch"
                ):
                    raise Bad("mismatch.order", "one key in two batch records")
            if r["kind"] in ("gap", "conflict") and day_number(r["day"]) not in window:
                raise Bad("mismatch.late", r["kind"])
            if r["kind"] == "removed":
                removed += 1
                if removed > 1_000 or batch_key(r["key"])[0] > day:
                    raise Bad("mismatch.removed", r["key"])
            if r["kind"] == "key":
                key = Vkey(r["verifier_key"])
                if key.name != origin:
                    raise Bad("mismatch.key_name", key.name)
                if self.next_key is not None:
                    raise Bad("mismatch.second_key")
                self.next_key = key
            self.after.push(leaf_hash(line))
            self.records.append(r)
        of = lambda name: [r for r in self.records if r["kind"] == name]
        self.batches = of("batch")
        gaps, conflicts, closed, still_open = audit_streams([b for b in self.batches if "late" not in b])
        stated = [[r for r in of(n) if r["day"] == day] for n in ("gap", "conflict")]
        if [gaps, conflicts] != stated:
            raise Bad("mismatch.streams", f"found {gaps} {conflicts}"[:200])
        counts = {
            "batches": len(self.batches),
            "entries": sum(b["entries"] for b in self.batches),
            "bytes": sum(b["length"] for b in self.batches),
            "late": len([b for b in self.batches if "late" in b]),
            "strays": len(of("stray")),
            "gaps": len(of("gap")),
            "conflicts": len(of("conflict")),
            "streams_closed": closed,
            "streams_open": still_open,
        }
        if counts != head["counts"]:
            raise Bad("mismatch.counts", f"{counts}")
        services = {}
        for b in self.batches:
            s = services.setdefault(b["service"], {"name": b["service"], "batches": 0, "entries": 0})
            s["batches"] += 1
            s["entries"] += b["entries"]
        listed = [services[n] for n in sorted(services)]
        if listed[:200] != head["services"] or max(len(listed) - 200, 0) != head["more_services"]:
            raise Bad("mismatch.services")
        if head["keep_until"] < day or head["kept_from"] > day:
            raise Bad("mismatch.keep")
