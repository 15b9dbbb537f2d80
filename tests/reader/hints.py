"""Hints and the day's index: docs/spec/hints.md."""

import hmac
import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from primitives import Bad, hkdf, lp

LABEL = b"dayseal/v1/hints"
ROOM, STEP, MOST = 3840, 256, 5113

# By number: name, class, where the values are in an entry.
FIELDS = [
    ("type", 1, ()),
    ("action", 1, ("action",)),
    ("actor", 1, ("actor.id",)),
    ("actor-type", 1, ("actor.type",)),
    ("on-behalf-of", 1, ("actor.on_behalf_of",)),
    ("session", 2, ("actor.session",)),
    ("subject", 1, ("privacy.subject",)),
    ("reviewer", 1, ("oversight.reviewer",)),
    ("resource", 2, ("resource.id", "resource.type")),
    ("outcome", 1, ("outcome",)),
    ("severity", 1, ("severity",)),
    ("trace", 2, ("trace.trace_id",)),
    ("conversation", 2, ("correlation.conversation",)),
    ("job", 2, ("correlation.job",)),
    ("agent", 1, ("agent.id", "agent.name", "agent.instance")),
    ("provider", 1, ("ai.provider",)),
    ("model", 1, ("ai.model_requested", "ai.model_answered", "ai.model_version")),
    ("safety", 1, ()),
    ("tenant", 1, ("tenant",)),
    ("label", 3, ()),
]


def digest(key, *parts):
    return hmac.digest(key, b"".join(parts), "sha256")


def values_of(entry):
    """The values of an entry, by field."""
    found = [set() for _ in FIELDS]
    for number, (_, _, paths) in enumerate(FIELDS):
        for path in paths:
            part = entry
            for name in path.split("."):
                part = part.get(name, {})
            if part != {}:
                found[number].add(part)
    kind = entry["type"]
    found[0] = {kind} | {kind[: at + 1] for at, c in enumerate(kind) if c == "."}
    if "safety" in entry:
        found[17] = {"passed" if entry["safety"]["passed"] else "failed", *entry["safety"].get("detectors", [])}
    for name, value in entry.get("labels", {}).items():
        found[19] |= {name, f"{name}={value}"}
    return found


def size(count, precision):
    return 0 if count == 0 else 3 + (count * (precision + 2) + 7) // 8


def share(counts, room):
    """The precision of each covered field."""
    floor = {f: 7 if FIELDS[f][1] == 1 else 4 for f, n in enumerate(counts) if n <= MOST}
    total = lambda plan: sum(size(counts[f], p) for f, p in plan.items())
    rank = lambda plan: lambda f: (size(counts[f], plan[f]), f)
    while total(floor) > room:
        large = [f for f in floor if FIELDS[f][1] > 1 and size(counts[f], floor[f]) > 100]
        if not large:
            break
        last = max(FIELDS[f][1] for f in large)
        del floor[max((f for f in large if FIELDS[f][1] == last), key=rank(floor))]
    if total(floor) > room:
        floor = dict.fromkeys(floor, 4)
    while total(floor) > room:
        del floor[max(floor, key=rank(floor))]
    plan = dict.fromkeys(floor, 12)
    while total(plan) > room:
        plan[max((f for f in plan if counts[f] and plan[f] > floor[f]), key=rank(plan))] -= 1
    return plan


class HintKeys:
    def __init__(self, secret, origin):
        key = lambda use: hkdf(secret, None, lp(LABEL, use, origin.encode()))
        self.token_key, self.nonce_key, self.seal_key = key(b"token"), key(b"synthetic-iv"), key(b"seal")
        self.origin = origin

    def context(self, stream, seq, entries):
        return lp(LABEL, self.origin.encode()) + stream + seq.to_bytes(4, "big") + entries.to_bytes(4, "big")

    def cipher(self, iv):
        # HKDF-Expand, one block.
        return AESGCM(digest(self.seal_key, lp(LABEL, b"one"), iv, b"\x01"))

    def token(self, context, field, value):
        return int.from_bytes(digest(self.token_key, context, bytes([field]), value.encode())[:8], "big")

    def make(self, place, lines):
        """The hints of these entries, byte for byte."""
        context = self.context(*place)
        plain = self.plaintext(context, [json.loads(line) for line in lines])
        iv = digest(self.nonce_key, context, plain)[:16]
        return b"\x01" + iv + self.cipher(iv).encrypt(bytes(12), plain, b"\x01" + context + iv)

    def plaintext(self, context, entries):
        found = [set() for _ in FIELDS]
        for entry in entries:
            found = [a | b for a, b in zip(found, values_of(entry), strict=True)]
        tenants = sorted(t.encode() for t in found[18])
        named = len(tenants) <= 16 and sum(2 + len(t) for t in tenants) <= 512
        head = bytes([len(tenants)]) + lp(*tenants) if named else b"\xff"
        counts = [len(values) for values in found]
        plan = share(counts, ROOM - len(head) - 8)
        masks = [sum(1 << f for f in plan), sum(1 << f for f in plan if counts[f])]
        out = head + b"".join(m.to_bytes(4, "big") for m in masks)
        for f in sorted(plan):
            if counts[f]:
                out += counts[f].to_bytes(2, "big") + bytes([plan[f]]) + self.bits(context, f, found[f], plan[f])
        return out + bytes(-len(out) % STEP)

    def bits(self, context, field, values, precision):
        reach = len(values) << precision
        text, before = "", 0
        for place in sorted(self.token(context, field, value) * reach >> 64 for value in values):
            step, before = place - before, place
            text += "1" * (step >> precision) + "0" + format(step & ((1 << precision) - 1), f"0{precision}b")
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")

    def open(self, place, sealed):
        """Tenants (None if unnamed) and the sets: field -> (count, precision, places)."""
        if not sealed:
            raise Bad("length")
        if sealed[0] != 1:
            raise Bad("version")
        length = len(sealed) - 33
        if length not in range(STEP, ROOM + 1, STEP):
            raise Bad("length")
        context, iv = self.context(*place), sealed[1:17]
        try:
            plain = self.cipher(iv).decrypt(bytes(12), sealed[17:], b"\x01" + context + iv)
        except InvalidTag:
            raise Bad("sealed") from None
        if digest(self.nonce_key, context, plain)[:16] != iv:
            raise Bad("sealed")
        try:
            return read_plaintext(plain)
        except (ValueError, IndexError) as error:
            raise Bad("plaintext", str(error)) from None


def take(data, at, count):
    if at + count > len(data):
        raise ValueError("cut")
    return data[at : at + count], at + count


def read_plaintext(plain):
    at, tenants = 1, None
    if plain[0] != 255:
        if plain[0] > 16:
            raise ValueError("over 16 tenants")
        tenants = []
        for _ in range(plain[0]):
            length, at = take(plain, at, 2)
            name, at = take(plain, at, int.from_bytes(length, "big"))
            name.decode()
            if tenants and tenants[-1] >= name:
                raise ValueError("tenants out of order")
            tenants.append(name)
        if at - 1 > 512:
            raise ValueError("over 512 bytes of tenants")
    masks, at = take(plain, at, 8)
    covered, filled = (int.from_bytes(m, "big") for m in (masks[:4], masks[4:]))
    if covered >> len(FIELDS) or filled & ~covered:
        raise ValueError("masks")
    sets = {}
    for field in range(len(FIELDS)):
        if filled >> field & 1:
            sets[field], at = read_set(plain, at)
        elif covered >> field & 1:
            sets[field] = (0, 0, [])
    if len(plain) - at >= STEP or any(plain[at:]):
        raise ValueError("bytes behind the last set")
    return tenants, sets


def read_set(plain, at):
    head, at = take(plain, at, 3)
    count, precision = int.from_bytes(head[:2], "big"), head[2]
    if not 1 <= count <= MOST or not 1 <= precision <= 12:
        raise ValueError("a set of none or too many, or its precision")
    bits = "".join(format(byte, "08b") for byte in plain[at:])
    bit, place, places = 0, 0, []
    for _ in range(count):
        zero = bits.index("0", bit)
        low = bits[zero + 1 : zero + 1 + precision]
        if len(low) != precision:
            raise ValueError("cut")
        place += (zero - bit << precision) + int(low, 2)
        if place >= count << precision:
            raise ValueError("a place beyond its set")
        places.append(place)
        bit = zero + 1 + precision
    used = -(-bit // 8)
    if "1" in bits[bit : 8 * used]:
        raise ValueError("bits behind a set")
    return (count, precision, places), at + used


def read_index(data, origin, day, manifest):
    """The hints of each batch of a manifest; empty for none."""
    if data[:4] != b"dsix" or len(data) < 5:
        raise Bad("framing")
    if data[4] != 1:
        raise Bad("version")
    head = b"dsix\x01" + lp(origin.encode(), day.encode(), manifest)
    if not data.startswith(head):
        raise Bad("other")
    try:
        count, at = take(data, len(head), 4)
        items = []
        while at < len(data):
            length, at = take(data, at, 2)
            item, at = take(data, at, int.from_bytes(length, "big"))
            if len(item) > 4096:
                raise ValueError("over 4,096 bytes")
            items.append(item)
    except ValueError as error:
        raise Bad("framing", str(error)) from None
    if len(items) != int.from_bytes(count, "big"):
        raise Bad("framing", "another number of items")
    return items
