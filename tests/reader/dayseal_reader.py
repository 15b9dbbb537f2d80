#!/usr/bin/env python3
"""An independent reader of dayseal logs, written from docs/spec/ alone.

    dayseal_reader.py vectors DIR
    dayseal_reader.py verify LOGDIR --policy FILE [--keys FILE] [--head FILE] [--now TIME]
    dayseal_reader.py verify-proof FILE --policy FILE
    dayseal_reader.py verify-bundle DIR --policy FILE [--now TIME]

`vectors` runs every case below DIR (tests/vectors) and exits 1 on any disagreement. `verify` checks
a copy of an evidence root: chain and objects, with a key file also entries. Exit codes are those of
docs/threat-model.md. Nothing here is fast; everything is meant to be read beside the specification.
"""

import argparse
import datetime
import hmac
import json
import re
import sys
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from batches import Batch, leaf_salts, unwrap, wrapping_key_id
from bundle import Bundle, BundleParts
from content import Content
from entry_proof import ProofParts, check_entry_proof
from primitives import (
    b64, Bad, batch_key, checkpoint_key, compact, content_digest, content_key, day_number, day_text, fields, hex_of, hkdf, is_consistent, key_id, leaf_hash, list_of,
    log_secret_version, lower_hex, lp, manifest_key, MIB, one_of, only_true, origin_name, padded, pseudonym, root_of_inclusion, service_name, sha256, split,
    strict_json, text_of, time_ms, Tree, tree_root, U64, uint, UUID, uuid_text,
)  # fmt: skip
from statements import MAX_STATEMENT, officer_name, read_removal, read_statement

# ---------------------------------------------------------------- notes, checkpoints, proofs


P = 2**255 - 19
SMALL_ORDER_Y = {
    0,
    1,
    P - 1,
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
}


def point_y(data):
    return (int.from_bytes(data, "little") & (2**255 - 1)) % P


def on_curve(data):
    y = point_y(data)
    d = -121665 * pow(121666, -1, P) % P
    x2 = (y * y - 1) * pow(d * y * y + 1, -1, P) % P
    return x2 == 0 or pow(x2, (P - 1) // 2, P) == 1


class Vkey:
    def __init__(self, text):
        parts = text.split("+", 2)
        try:
            if len(parts) != 3:
                raise ValueError("expected name+hash+key")
            self.name, key = parts[0], b64(parts[2])
            if not self.name or any(c.isspace() or ord(c) < 32 for c in self.name):
                raise ValueError("name")
            if len(key) != 33 or key[0] != 1 or not on_curve(key[1:]):
                raise ValueError("not an Ed25519 key")
            self.key = key[1:]
            self.id = sha256(self.name.encode(), b"\n\x01", self.key)[:4]
            if lower_hex(parts[1], 4) != self.id:
                raise ValueError("hash")
        except ValueError as error:
            raise Bad("vkey", str(error)) from None

    def verifies(self, text, signature):
        if len(signature) != 64:
            return False
        # Keys and nonces of small order verify more than one message.
        if point_y(self.key) in SMALL_ORDER_Y or point_y(signature[:32]) in SMALL_ORDER_Y:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


def open_note(data, known):
    """The text of a signed note."""
    bad = lambda why: Bad("note", why)
    if len(data) > 256 * 1024:
        raise bad("too long")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise bad("not UTF-8") from None
    if any(ord(c) < 32 and c != "\n" for c in text):
        raise bad("control character")
    at = text.rfind("\n\n")
    if at < 0 or not text[at + 2 :].endswith("\n"):
        raise bad("no signatures")
    body, lines = text[: at + 1], text[at + 2 : -1].split("\n")
    if len(lines) > 64:
        raise bad("more than 64 signatures")
    signatures = []
    for line in lines:
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not parts[1] or "+" in parts[1]:
            raise bad("signature line")
        try:
            value = b64(parts[2])
        except ValueError:
            raise bad("signature not base64") from None
        if len(value) < 5:
            raise bad("signature too short")
        signatures.append((parts[1], value[:4], value[4:]))
    good = False
    for name, id_, signature in signatures:
        for key in known:
            if (key.name, key.id) == (name, id_):
                if not key.verifies(body.encode(), signature):
                    raise Bad("bad_signature", name)
                good = True
    if not good:
        raise Bad("unsigned")
    return body


def decimal(text, most=U64):
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII) or int(text) > most:
        raise ValueError("not a number in its one spelling")
    return int(text)


def open_checkpoint(data, origin, known):
    """(size, root) of a checkpoint of `origin`."""
    lines = open_note(data, known).split("\n")
    try:
        if len(lines) != 4 or lines[3]:
            raise ValueError("expected three lines")
        found, size, root = origin_name(lines[0]), decimal(lines[1]), b64(lines[2])
        if len(root) != 32:
            raise ValueError("root")
    except ValueError as error:
        raise Bad("checkpoint", str(error)) from None
    if found != origin:
        raise Bad("other_origin", found)
    return size, root


def check_proof(data, record, origin, known):
    bad = lambda why: Bad("proof", why)
    try:
        text = data.decode("utf-8")
        head, note = text.split("\n\n", 1)
        lines = head.split("\n")
        if lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("index "):
            raise ValueError("first lines")
        index = decimal(lines[1][len("index ") :])
        path = [b64(line) for line in lines[2:]]
        if len(path) > 64 or any(len(h) != 32 for h in path):
            raise ValueError("hashes")
    except (ValueError, IndexError) as error:
        raise bad(str(error)) from None
    size, root = open_checkpoint(note.encode(), origin, known)
    if root_of_inclusion(leaf_hash(record), index, size, path) != root:
        raise Bad("root")


# ---------------------------------------------------------------- manifests (manifest.md)


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


# ---------------------------------------------------------------- acknowledgements and policies


ACK = fields(
    [
        ("v", uint(255)),
        ("origin", origin_name),
        ("day", day_number),
        ("stream", hex_of(16)),
        ("seq", uint(99_999_999)),
        ("digest", DIGEST),
        ("index", uint(262_143)),
        ("entry", uuid_text),
    ]
)


def decode_ack(line):
    line = line.removesuffix(b"\n")
    try:
        if len(line) > 1024:
            raise ValueError("too long")
        ack = strict_json(line)
        if isinstance(ack, dict) and type(ack.get("v")) is int and ack["v"] != 1:
            raise Bad("version")
        ACK(ack)
        if compact(ack) != line:
            raise ValueError("not its one encoding")
    except ValueError as error:
        raise Bad("ack", str(error)) from None
    return ack


LEVELS = ("chain", "listing", "objects", "entries")


class Policy:
    def __init__(self, text):
        self.keys, self.wrapping_keys, self.services, self.known = [], [], {}, {}
        self.officers = []
        self.once, header, number = {}, False, 0
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            try:
                if header:
                    self.line(line)
                elif line == "dayseal-policy v1":
                    header = True
                else:
                    raise ValueError("expected dayseal-policy v1 first")
            except (ValueError, Bad) as error:
                raise Bad("policy", f"line {number}: {error}") from None
        self.end = number
        for need in ("origin", "first-day"):
            if need not in self.once:
                raise Bad("policy", f"line {number}: no {need}")
        self.origin = self.once["origin"]
        if not self.keys or any(k.name != self.origin for k in self.keys):
            raise Bad("policy", f"line {number}: no log line, or a key of another name")
        try:
            if any(officer_name(k.name)[0] != self.origin for k in self.officers):
                raise ValueError("an officer of another log")
        except ValueError as error:
            raise Bad("policy", f"line {number}: {error}") from None
        self.first_day = self.once["first-day"]
        self.floor = self.once.get("retention-floor-days", 0)
        self.content_days = self.once.get("content-days")
        self.require = self.once.get("require", "entries")
        self.max_seal_hours = self.once.get("max-seal-hours", 26)

    def set(self, word, value):
        if word in self.once:
            raise ValueError("said twice")
        self.once[word] = value

    def line(self, line):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "origin":
            self.set(word, origin_name(rest))
        elif word == "log":
            self.keys.append(Vkey(rest.split(" ")[0]))
        elif word == "quorum" and rest == "none":
            pass
        elif word == "wrapping-key":
            key_id(rest)
            self.wrapping_keys.append(rest)
        elif word == "officer":
            self.officers.append(Vkey(rest))
        elif word == "first-day":
            day_number(rest)
            self.set(word, rest)
        elif word in ("retention-floor-days", "content-days", "max-seal-hours"):
            self.set(word, decimal(rest, 2**32 - 1))
        elif word == "require":
            if rest not in LEVELS:
                raise ValueError("unknown level")
            self.set(word, rest)
        elif word == "service":
            name, say, days = rest.split(" ")
            if say != "max-silent-days" or service_name(name) in self.services:
                raise ValueError("service line")
            self.services[name] = decimal(days, 2**32 - 1)
        elif word == "known-finding":
            id_, _, reason = rest.partition(" ")
            if not reason.strip() or id_ in self.known:
                raise ValueError("known-finding line")
            self.known[id_] = reason.strip()
        else:
            raise ValueError(f"unknown word {word}")


# ---------------------------------------------------------------- entries (entry.md, in part)


TOP = """access_reason action actor agent ai change clock content correlation data_class duration_ms end_time
function id key labels logged_time outcome oversight privacy reason redactions resource safety service severity
source tenant time trace type v""".split()
REQUIRED = ["action", "actor", "id", "logged_time", "outcome", "service", "tenant", "time", "type", "v"]


def check_entry(line):
    """Strict JSON, one spelling, known top-level fields. Values inside are the schema's business."""
    if len(line) > 65_535:
        raise Bad("limit")
    try:
        event = strict_json(line)
    except ValueError as error:
        twice = "twice" in str(error)
        code = "duplicate_key" if twice else "wrong_type" if "integer" in str(error) else "syntax"
        raise Bad(code, str(error)) from None
    if not isinstance(event, dict):
        raise Bad("wrong_type")
    if event.get("v", 1) != 1:
        raise Bad("version")
    for name in event:
        if name not in TOP:
            raise Bad("unknown_field", name)
    for name in REQUIRED:
        if name not in event:
            raise Bad("missing", name)
    ordered(event)
    classes = event.get("data_class", [])
    if not isinstance(classes, list) or classes != sorted(set(map(str, classes))):
        raise Bad("not_canonical", "data_class is not a set")
    if compact(event) != line:
        raise Bad("not_canonical")
    for name in ("time", "logged_time"):
        try:
            time_ms(event[name])
        except ValueError:
            raise Bad("invalid_value", name) from None
    if not isinstance(event["id"], str) or not UUID.fullmatch(event["id"]) or event["id"][14] != "7":
        raise Bad("invalid_value", "id")


def ordered(value):
    if value is None or (value in ([], {}) and not isinstance(value, (bool, int))):
        raise Bad("not_canonical", "null or empty")
    if isinstance(value, dict):
        if list(value) != sorted(value):
            raise Bad("not_canonical", "keys out of order")
        for item in value.values():
            ordered(item)
    if isinstance(value, list):
        for item in value:
            ordered(item)
    if type(value) is int and abs(value) > 2**53 - 1:
        raise Bad("limit")


# ---------------------------------------------------------------- running the vectors


def run_case(folder, name, data, inputs):
    """Raises Bad with the code of the failure."""
    if folder == "batch":
        batch = Batch(data)
        entries = batch.open(bytes.fromhex(inputs["data_key"]))
        if "root" in inputs:
            assert batch.header["root"] == inputs["root"] and len(entries) == int(inputs["entries"])
            assert sha256(data).hex() == inputs["sha256"]
        if "wrapping_key" in inputs and batch.header["key_id"].startswith("local:"):
            h = batch.header
            key = unwrap(
                bytes.fromhex(inputs["wrapping_key"]),
                h["key_id"],
                b64(h["wrapped_key"]),
                h["origin"],
                bytes.fromhex(h["stream"]),
                h["day"],
            )
            assert key.hex() == inputs["data_key"]
    elif folder == "content":
        content = Content(data)
        if "digests" in inputs:
            content.check(inputs)
        else:
            content.open(bytes.fromhex(inputs["content_key"]))
    elif folder == "intermediate":
        check_intermediate(json.loads(data))
    elif folder == "wrap":
        v = json.loads(data)
        raw = lambda n: bytes.fromhex(v[n])
        args = v["key_id"], raw("wrapped"), v["origin"], raw("stream"), v["day"], v["kind"]
        if unwrap(raw("wrapping_key"), *args) != raw("data_key"):
            raise Bad("unwrap", "another key")
    elif folder == "manifest":
        manifest = Manifest(data, inputs["origin"], inputs["day"])
        if "size" in inputs:
            assert manifest.after.size == int(inputs["size"])
            assert manifest.after.root().hex() == inputs["root"]
    elif folder == "note":
        open_note(data, [Vkey(inputs["vkey"])])
    elif folder == "vkey":
        Vkey(data.decode())
    elif folder == "statement":
        opened = lambda note: open_note(note, [Vkey(inputs["vkey"])])
        statement = read_statement(data, inputs["kind"], inputs["origin"], opened)
        assert len(statement.lines) == int(inputs["lines"])
    elif folder == "checkpoint":
        size, root = open_checkpoint(data, inputs["origin"], [Vkey(inputs["vkey"])])
        assert size == int(inputs["size"]) and root.hex() == inputs["root"]
    elif folder == "proof":
        record = bytes.fromhex(inputs["record"])
        check_proof(data, record, inputs["origin"], [Vkey(inputs["vkey"])])
    elif folder == "entry_proof":
        parts = ProofParts(check_proof, decode_record, check_entry)
        check_entry_proof(data, inputs["origin"], [Vkey(inputs["vkey"])], parts)
    elif folder == "ack":
        decode_ack(data)
    elif folder == "policy":
        try:
            Policy(data.decode())
        except Bad as error:
            assert error.detail.startswith(f"line {inputs['line']}:"), error
            raise
    elif folder == "merkle":
        check_merkle(json.loads(data))
    elif folder == "table":
        check_table(name, data.decode())
    else:
        raise LookupError(folder)


def check_intermediate(v):
    raw = lambda n: bytes.fromhex(v[n])
    key = raw("data_key")
    assert hkdf(key, None, b"dayseal/v1/mix-salt") == raw("mixing_key")
    draft, frame = sha256(v["draft_header"].encode()), sha256(raw("frame"))
    assert (draft.hex(), frame.hex()) == (v["draft_header_sha256"], v["frame_sha256"])
    assert hmac.digest(raw("mixing_key"), raw("random") + draft + frame, "sha256") == raw("salt")
    for name, label in (("encrypt", b"encrypt"), ("leaf_salt", b"leaf-salt"), ("commit", b"commit")):
        seq = (0).to_bytes(4, "big")
        info = lp(b"dayseal/v1/batch", label, v["origin"].encode(), raw("stream"), seq)
        assert info == raw(f"{name}_info") and hkdf(key, raw("salt"), info) == raw(f"{name}_key")
    entries = raw("lines").split(b"\n")[:-1]
    salts = leaf_salts(raw("leaf_salt_key"), len(entries))
    assert [s.hex() for s in salts] == v["leaf_salts"]
    leaves = [leaf_hash(s + e) for s, e in zip(salts, entries)]
    assert [x.hex() for x in leaves] == v["leaves"] and tree_root(leaves) == raw("root")
    header = v["header"].encode()
    plain, cipher = raw("plaintext"), raw("ciphertext_and_tag")
    lengths = len(header).to_bytes(4, "big") + len(cipher).to_bytes(4, "big")
    associated = b"DAYSEAL\x01" + lengths + header
    assert sha256(associated) == raw("associated_data_sha256")
    assert AESGCM(raw("encrypt_key")).encrypt(bytes(12), plain, associated) == cipher
    assert Batch(associated + cipher).open(key) == entries
    assert sha256(associated, cipher) == raw("batch_sha256")


def check_merkle(v):
    if v["kind"] == "root":
        if tree_root([leaf_hash(bytes.fromhex(i)) for i in v["inputs"]]).hex() != v["root"]:
            raise Bad("root")
        return
    proof = [b64(h) for h in v["proof"]]
    root = bytes.fromhex(v["root"])
    if v["kind"] == "inclusion":
        holds = root_of_inclusion(bytes.fromhex(v["leaf"]), v["index"], v["size"], proof) == root
    else:
        old = bytes.fromhex(v["old_root"])
        holds = is_consistent(v["old_size"], old, v["size"], root, proof)
    if not holds:
        raise Bad("proof")


GRAMMARS = {
    "batch_key": batch_key,
    "content_key": content_key,
    "origin": origin_name,
    "service": service_name,
    "officer": officer_name,
    "day": day_number,
    "time": time_ms,
    "stream": lambda t: lower_hex(t, 16),
    "digest": lambda t: lower_hex(t, 32),
    "manifest_key": manifest_key,
    "checkpoint_key": checkpoint_key,
}


def check_table(name, text):
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        row = line.split("\t")
        if name == "padding.tsv":
            assert padded(int(row[0])) == int(row[1]), line
        elif name == "head_key.tsv":
            assert "heads/" + sha256(row[0].encode()).hex() == row[1], line
        elif name == "pseudonym.tsv":
            secret, origin, tenant, kind, value, expected = row
            secret, value = bytes.fromhex(secret), bytes.fromhex(value)
            if kind == "version":
                found = log_secret_version(secret, origin)
            elif kind == "content":
                found = content_digest(secret, origin, tenant, value)
            else:
                found = pseudonym(secret, origin, kind, tenant, value)
            assert found == expected, line
        else:
            try:
                GRAMMARS[row[0]](row[2])
                found = "yes"
            except ValueError:
                found = "no"
            assert found == row[1], line


def run_vectors(top):
    """Number of cases, disagreements, and of entry vectors beyond this reader."""
    wrong, count, beyond = [], 0, 0
    folders = sorted(p.parent for p in top.glob("*/INDEX.tsv"))
    if not folders:
        raise SystemExit(f"no vectors below {top}")
    for folder in folders:
        rows = [l.split("\t") for l in (folder / "INDEX.tsv").read_text().splitlines()]
        if folder.name == "entry":
            count, beyond = count + len(rows) - 1, beyond + run_entries(folder, rows[1:], wrong)
            continue
        rows = [r for r in rows if not r[0].startswith("#")]
        listed = {r[0] for r in rows}
        found = {p.name for p in folder.iterdir()} - {"INDEX.tsv"}
        if listed != found:
            wrong.append(f"{folder.name}: files and INDEX.tsv differ: {sorted(listed ^ found)}")
        for name, expect, inputs in rows:
            count += 1
            inputs = dict(i.split("=", 1) for i in inputs.split(" ") if i)
            try:
                run_case(folder.name, name, (folder / name).read_bytes(), inputs)
                outcome = "success"
            except Bad as error:
                outcome = error.code
            except Exception as error:  # noqa: BLE001 - whatever else it is, it is a disagreement
                outcome = f"{type(error).__name__}: {error}"
            if outcome != expect:
                wrong.append(f"{folder.name}/{name}: expected {expect}, found {outcome}")
    return count, wrong, beyond


def run_entries(folder, rows, wrong):
    """Good entries must pass; of the bad ones this reader judges form, not every value."""
    beyond = 0
    for name, reader, expect, code, _path in rows:
        if reader != "stored":
            beyond += 1
            continue
        try:
            check_entry((folder / f"{name}.json").read_bytes())
            outcome = "success"
        except Bad as error:
            outcome = error.code
        if expect == "success" and outcome != "success":
            wrong.append(f"entry/{name}: expected success, found {outcome}")
        elif expect != "success" and outcome == "success":
            if code in ("syntax", "not_canonical", "duplicate_key", "version"):
                wrong.append(f"entry/{name}: expected {code}, found success")
            else:
                beyond += 1
    return beyond


# ---------------------------------------------------------------- verifying a log


EXIT = {
    "rolled_back": 5,
    "diverged": 5,
    "missing_object": 4,
    "missing_manifest": 4,
    "missing_checkpoint": 4,
    "missing_day": 4,
    "gap": 4,
    "silent_service": 4,
    "unnamed_key": 3,
    "unreadable": 3,
}


class Log:
    def __init__(self, root, policy, keys, now, head):
        self.root, self.policy, self.now, self.head = Path(root), policy, now, head
        self.wrapping_key = bytes.fromhex(keys["wrapping_key"]) if keys else None
        # The key that the log announced, for the days after.
        self.announced = None
        self.findings, self.checked = [], {"days": 0, "objects": 0, "entries": 0, "expired": 0, "expired days": 0, "removed": 0, "pending": 0}
        self.expired_days, self.removed = set(), set()

    def find(self, code, object_, detail=""):
        self.findings.append((code, object_, detail))

    def read(self, key):
        path = self.root / key
        try:
            if path.is_symlink() or not path.is_file():
                return None
            return path.read_bytes()
        except OSError as error:
            self.find("unreadable", key, str(error))
            return None

    def names(self, prefix):
        base = self.root / prefix
        if not base.is_dir():
            return []
        found = (p.relative_to(self.root).as_posix() for p in base.rglob("*") if not p.is_dir())
        return sorted(found, key=str.encode)

    def checkpoint(self, key):
        data = self.read(key)
        if data is None:
            self.find("missing_checkpoint", key)
            return None
        try:
            return open_checkpoint(data, self.policy.origin, self.known_keys())
        except Bad as error:
            if self.announced is not None and not self.is_named(self.announced):
                if self.is_signed(data, self.announced):
                    self.find("unnamed_key", key, "announced by the log, not named by the policy")
                    return None
            code = "bad_signature" if error.code in ("bad_signature", "unsigned") else "altered_checkpoint"
            self.find(code, key, str(error))
            return None

    def is_named(self, key):
        return any((k.name, k.key) == (key.name, key.key) for k in self.policy.keys)

    def is_signed(self, note, key):
        try:
            open_checkpoint(note, self.policy.origin, [key])
            return True
        except Bad:
            return False

    def known_keys(self):
        """The policy's keys; once the log announced one of them as its own, that one alone."""
        if self.announced is not None and self.is_named(self.announced):
            return [self.announced]
        return self.policy.keys

    def note_key(self, day, key):
        """A signed change of key: the new key must have signed the day too."""
        name = f"checkpoints/{day}"
        if self.is_signed(self.read(name) or b"", key):
            self.announced = key
        else:
            self.find("bad_signature", name, "the day announces a new key that did not sign it")

    def verify(self):
        days = self.chain()
        self.orders(days)
        self.objects(days)
        self.completeness(days)

    def chain(self):
        """{day: Manifest} for every readable manifest, each checked against its neighbours."""
        policy = self.policy
        first = self.checkpoint("checkpoints/first")
        if first is not None and first != (0, sha256()):
            self.find("altered_checkpoint", "checkpoints/first", "not the empty tree")
        sealed = {}
        for prefix, grammar, cut in (
            ("manifests", manifest_key, slice(10, -7)),
            ("checkpoints", checkpoint_key, slice(12, None)),
        ):
            for name in self.names(prefix):
                try:
                    grammar(name)
                    sealed.setdefault(name[cut], set()).add(prefix)
                except ValueError:
                    if name != "checkpoints/first":
                        self.find("unlisted_object", name)
        over = self.chain_over(sealed)
        for day in [d for d in sealed if d < policy.first_day]:
            self.find("unlisted_object", f"manifests/{day}.ndjson", "before the first day")
        start = day_number(policy.first_day)
        # A day is due when its seal may be no later than `max_seal_hours` after its end.
        due = (self.now - policy.max_seal_hours * 3_600_000) // 86_400_000 - 1
        end = max([day_number(d) for d in sealed], default=start - 1)
        days, previous = {}, None
        tree, linked = first, True
        for number in range(start, max(end, due) + 1):
            day = day_text(number)
            if number < over and sealed.get(day) != {"manifests", "checkpoints"}:
                self.checked["expired days"] += 1
                self.expired_days.add(day)
                tree, linked, previous = None, False, None
                continue
            data = self.read(f"manifests/{day}.ndjson")
            if data is None:
                if "checkpoints" in sealed.get(day, ()):
                    self.find("missing_manifest", f"manifests/{day}.ndjson")
                    self.checkpoint(f"checkpoints/{day}")
                else:
                    self.find("missing_day", day)
                tree, linked, previous = None, False, None
                continue
            name = f"manifests/{day}.ndjson"
            signed = self.checkpoint(f"checkpoints/{day}")
            try:
                m = Manifest(data, policy.origin, day)
            except Bad as error:
                unknown = error.code in ("unknown_kind", "version")
                self.find("unreadable" if unknown else "altered_manifest", name, str(error))
                tree, linked, previous = signed, signed is not None, None
                continue
            self.checked["days"] += 1
            if linked and tree is not None and tree != (m.before.size, m.before.root()):
                self.find("tree_mismatch", name, "does not continue the day before")
            if signed is not None and signed != (m.after.size, m.after.root()):
                self.find("altered_manifest", name, "is not what its checkpoint signed")
            elif signed is not None and m.next_key is not None:
                self.note_key(day, m.next_key)
            if previous is not None and m.head.get("previous") != previous[0]:
                self.find("tree_mismatch", name, "names another previous manifest")
            if number == start and "previous" in m.head:
                self.find("tree_mismatch", name, "the first day names a previous manifest")
            at = time_ms(m.head["sealed_at"])
            if at < (number + 1) * 86_400_000 or (previous and at < previous[1]):
                self.find("clock_backwards", name, m.head["sealed_at"])
            if day_number(m.head["keep_until"]) - number < policy.floor:
                self.find("retention_shortened", name, f"keep_until {m.head['keep_until']}")
            past = number - day_number(m.head["kept_from"])
            if m.head["kept_from"] > policy.first_day and past < policy.floor:
                self.find("retention_shortened", name, f"kept_from {m.head['kept_from']}")
            for earlier, other in days.items():
                if other.head["keep_until"] >= day and earlier < m.head["kept_from"]:
                    self.find("retention_shortened", name, f"kept_from {m.head['kept_from']}")
                    break
            days[day] = m
            # Signed facts outrank unsigned ones for what follows.
            tree, linked = signed or (m.after.size, m.after.root()), True
            previous = (sha256(data).hex(), at)
        if self.head is not None:
            self.against_head(first, days)
        return days

    def chain_over(self, sealed):
        """The first day, as a number, whose manifest and checkpoint must be there."""
        first, year_ago = day_number(self.policy.first_day), self.now // 86_400_000 - 366
        for day in sorted((d for d in sealed if len(sealed[d]) == 2), reverse=True):
            if day_number(day) > year_ago:
                continue
            try:
                data = self.read(f"manifests/{day}.ndjson") or b""
                m = Manifest(data, self.policy.origin, day)
                note = self.read(f"checkpoints/{day}") or b""
                signed = open_checkpoint(note, self.policy.origin, self.policy.keys)
            except Bad:
                continue
            if signed == (m.after.size, m.after.root()):
                stated = day_number(m.head["kept_from"])
                return max(first, min(stated, year_ago - self.policy.floor))
        return first

    def against_head(self, first, days):
        points = {m.after.size: m.after.root() for m in days.values()} | dict([first] if first else [])
        size, root = self.head
        oldest = days[min(days)].before if days else None
        if self.expired_days and oldest is not None:
            points[oldest.size] = oldest.root()
            if 0 < size < oldest.size:
                print("not checked\thead\tits days have expired")
                return
        if size > max(points, default=0):
            self.find("rolled_back", "head", f"the head has {size} leaves")
        elif points.get(size) != root:
            self.find("diverged", "head", f"at {size} leaves")

    def objects(self, days):
        today, tomorrow = (day_text(self.now // 86_400_000 + n) for n in (0, 1))
        keep, listed = {}, {}
        for day, m in days.items():
            keep[day] = m.head["keep_until"]
            for r in m.records:
                if r["kind"] == "batch":
                    if r["key"] in listed:
                        self.find("altered_manifest", r["key"], "listed on two days")
                    listed[r["key"]] = r
                    own = batch_key(r["key"])[0]
                    until = max(keep.get(own, ""), keep[day] if own == day else "")
                    over = own in self.expired_days or bool(until) and until < today
                    self.object(r, expired=over)
                if r["kind"] == "stray":
                    listed.setdefault(r["key"], r)
                    self.find("stray_object", r["key"], r["reason"])
        newest = max(days, default=None)
        for name in self.names("entries"):
            if name in listed:
                continue
            try:
                own = batch_key(name)[0]
            except ValueError:
                own = None
            # Not sealed yet, and late ones that the next seal may still take. Of a day whose manifest
            # is missing nobody can tell; that finding stands already.
            if own and self.policy.first_day <= own <= tomorrow:
                open_from = day_number(newest) - days[newest].head["late_days"] if newest else -1
                unsealed = own not in days and own not in self.expired_days
                if unsealed or day_number(own) > open_from:
                    self.checked["pending"] += 1
                    continue
            self.find("unlisted_object", name)

    def orders(self, days):
        """Batches that an officer of the policy ordered away, by the records of all days."""
        opened = lambda note: open_note(note, self.policy.officers)
        for m in days.values():
            for r in m.records:
                if r["kind"] != "removed":
                    continue
                try:
                    if read_removal(r["order"].encode(), self.policy.origin, opened) != r["key"]:
                        raise Bad("statement", "about another batch")
                    self.removed.add(r["key"])
                except Bad as error:
                    self.find("unapproved_removal", r["key"], str(error))

    def missing(self, key):
        if key in self.removed:
            self.checked["removed"] += 1
        else:
            self.find("missing_object", key)

    def object(self, r, expired):
        key = r["key"]
        data = self.read(key)
        if data is None:
            if expired:
                self.checked["expired"] += 1
            else:
                self.missing(key)
            return
        self.checked["objects"] += 1
        day, stream, seq, digest = batch_key(key)
        if sha256(data).hex() != digest or len(data) != r["length"]:
            self.find("altered_object", key)
            return
        try:
            batch = Batch(data)
        except Bad as error:
            self.find("unreadable" if error.code == "version" else "altered_object", key, str(error))
            return
        h = batch.header
        claims = {
            n: r.get(n) for n in ("previous", "entries", "first_time", "last_time", "root", "service", "last")
        }
        place = {"origin": self.policy.origin, "day": day, "stream": stream, "seq": seq}
        for name, value in (claims | place).items():
            if h.get(name) != value:
                self.find("header_mismatch", key, name)
                return
        if self.wrapping_key is not None:
            self.entries(key, batch)

    def entries(self, key, batch):
        h = batch.header
        if h["key_id"] not in self.policy.wrapping_keys:
            self.find("foreign_key", key, h["key_id"])
            return
        stream = bytes.fromhex(h["stream"])
        try:
            wrapped = b64(h["wrapped_key"])
            data_key = unwrap(self.wrapping_key, h["key_id"], wrapped, h["origin"], stream, h["day"])
            entries = batch.open(data_key)
        except Bad as error:
            # The policy names a key that this key file does not hold: not checked, not altered.
            codes = {"foreign_key": "unreadable"} | dict.fromkeys(
                ("unwrap", "commitment", "decrypt"), "wrong_key_or_forged"
            )
            self.find(codes.get(error.code, "bad_entry"), key, str(error))
            return
        times = []
        for i, entry in enumerate(entries):
            try:
                check_entry(entry)
                times.append(strict_json(entry)["time"])
                self.checked["entries"] += 1
            except Bad as error:
                self.find("bad_entry", f"{key}#{i}", str(error))
        if len(times) == len(entries) and (min(times), max(times)) != (h["first_time"], h["last_time"]):
            self.find("header_mismatch", key, "its entries do not span its times")

    def completeness(self, days):
        """Gaps that no late batch closed, conflicts, silent services; over all manifests."""
        batches = [b for m in days.values() for b in m.batches]
        gaps, conflicts, _, _ = audit_streams(batches)
        stated = [r for m in days.values() for r in m.records if r["kind"] == "conflict"]
        for g in gaps:
            self.find("gap", f"entries/{g['day']}/{g['stream']}", f"{g['from']} to {g['to']}")
        place = lambda c: (c["day"], c["stream"], c["seq"], c["reason"])
        for day, stream, seq, reason in sorted(set(map(place, conflicts)) | set(map(place, stated))):
            self.find("conflict", f"entries/{day}/{stream}", f"{seq} {reason}")
        newest = max(days, default=None)
        for service, silent in self.policy.services.items():
            heard = [d for d, m in days.items() if any(b["service"] == service for b in m.batches)]
            last = max(heard, default=self.policy.first_day)
            if newest is not None and day_number(newest) - day_number(last) > silent:
                self.find("silent_service", service, f"last heard on {last}")


def verify(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        keys = strict_json(Path(args.keys).read_bytes()) if args.keys else None
        if keys is not None and (keys.get("kind") != "dayseal-keys" or keys.get("v") != 1):
            raise ValueError("not a key file of version 1")
        if keys is not None and keys.get("origin") != policy.origin:
            raise ValueError("keys of another log")
        if keys is not None and "wrapping_key" not in keys:
            raise ValueError("no wrapping_key in the key file")
        now = time_of(args)
        head = Path(args.head).read_bytes() if args.head else None
        head = open_checkpoint(head, policy.origin, policy.keys) if head else None
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    log = Log(args.log, policy, keys, now, head)
    log.verify()
    codes = {0}
    for code, object_, detail in log.findings:
        print(f"{code}\t{object_}\t{detail}")
        codes.add(EXIT.get(code, 1))
    if policy.require == "entries" and keys is None:
        print("not checked\tentries\tno key file, and the policy requires them")
        codes.add(3)
    print("checked\t" + " ".join(f"{k}={v}" for k, v in log.checked.items()))
    print("anchoring\t" + ("checked" if head else "not checked: no head given"))
    print("versions and locks\tnot checked: a directory has none")
    return next((c for c in (1, 5, 4, 3) if c in codes), 0)


def time_of(args):
    if args.now:
        return time_ms(args.now)
    return int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)


def verify_bundle(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        now = time_of(args)
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    def removal(data, policy):
        return read_removal(data, policy.origin, lambda note: open_note(note, policy.officers))

    bundle = Bundle(args.dir, policy, now, BundleParts(open_checkpoint, Manifest, check_entry, removal))
    for finding in bundle.findings:
        print("\t".join(finding))
    print(f"checked\tdays={bundle.days} batches={bundle.batches} entries={bundle.entries}")
    return bundle.exit_code()


def verify_proof(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        data = Path(args.file).read_bytes()
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    try:
        parts = ProofParts(check_proof, decode_record, check_entry)
        entry, record = check_entry_proof(data, policy.origin, policy.keys, parts)
    except Bad as error:
        print(f"{error.code}\t{error.detail}")
        return 3 if error.code in ("version", "unknown_kind", "entry_version") else 1
    print(f"holds\t{record['key']}\t{'redacted' if entry is None else entry.decode()}")
    return 0


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    vectors = commands.add_parser("vectors", help="run every test vector")
    vectors.add_argument("dir", type=Path)
    check = commands.add_parser("verify", help="verify a copy of an evidence root")
    check.add_argument("log")
    check.add_argument("--policy", required=True)
    check.add_argument("--keys", help="key file with the wrapping key: also opens every entry")
    check.add_argument("--head", help="a checkpoint remembered from before")
    check.add_argument("--now", help="the time to judge by, as 2026-11-20T09:00:00.000Z")
    proof = commands.add_parser("verify-proof", help="check an entry proof")
    proof.add_argument("file")
    proof.add_argument("--policy", required=True)
    bundle = commands.add_parser("verify-bundle", help="check an evidence bundle")
    bundle.add_argument("dir")
    bundle.add_argument("--policy", required=True)
    bundle.add_argument("--now", help="the time to judge by")
    args = parser.parse_args(argv)
    if args.command == "verify-bundle":
        return verify_bundle(args)
    if args.command == "verify":
        return verify(args)
    if args.command == "verify-proof":
        return verify_proof(args)
    count, wrong, beyond = run_vectors(args.dir)
    print("\n".join(wrong + [f"{count} vectors, {len(wrong)} disagreements, {beyond} beyond this reader"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
