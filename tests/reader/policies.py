"""Acknowledgements and policies: docs/spec/acknowledgement.md, policy.md."""

from manifests import DIGEST
from notes import decimal, Vkey
from primitives import Bad, compact, day_number, fields, hex_of, key_id, origin_name, service_name, strict_json, uint, uuid_text
from statements import officer_name


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
