"""Content objects: docs/spec/content.md."""

import hmac
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from batches import contents
from primitives import (
    MIB, Bad, b64, b64_of, compact, day_number, fields, hex_of, hkdf, key_id, leaf_hash, list_of, lp, one_of, origin_name, strict_json, text_of, tree_root, uint,
    uuid_text,
)  # fmt: skip

HEADER = fields(
    [
        ("commitment", hex_of(32)),
        ("day", day_number),
        ("key_id", key_id),
        ("mac", hex_of(32)),
        ("origin", origin_name),
        ("parts", uint(65_536, 1)),
        ("root", hex_of(32)),
        ("salt", hex_of(32)),
        ("seq", uint(99_999_999)),
        ("stream", hex_of(16)),
        ("wrapped_key", b64_of(1, 6144)),
    ]
)


def event_id(value):
    uuid_text(value)
    if value[14] != "7" or value[19] not in "89ab":
        raise ValueError("not a UUIDv7")


FRAME = fields([("records", uint(262_144, 1)), ("subjects", list_of(text_of(256, 1), 16))])
STUB = fields([("leaf", hex_of(32)), ("receipt", event_id)])


def media_type(value):
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,128}", value, re.ASCII):
        raise ValueError("not a media type")


RECORD = fields(
    [
        ("base64?", lambda value: b64(value)),
        ("entry", event_id),
        ("field", one_of("content.args", "content.input", "content.output", "content.system", "change.from_content", "change.to_content")),
        ("media_type?", media_type),
        ("nonce", hex_of(32)),
        ("text?", text_of(16 * MIB)),
    ]
)


def one_encoding(check, raw):
    value = strict_json(raw)
    check(value)
    if compact(value) != raw:
        raise ValueError("not its one encoding")
    return value


def commit(nonce, origin, entry, field, content):
    """The digest that the entry has."""
    fixed = lp(b"dayseal/v1/content-commit", origin.encode(), entry.encode(), field.encode())
    return hmac.digest(nonce, fixed + content, "sha256")


class Part:
    """The part that `rest` begins with."""

    def __init__(self, rest):
        try:
            self.kind, about = rest[0], int.from_bytes(rest[1:5], "big")
            cipher = int.from_bytes(rest[5:9], "big")
            if len(rest) < 9 or not 1 <= about <= 16_384 or cipher > 40 * MIB or 9 + about + cipher > len(rest):
                raise ValueError("lengths")
            self.bytes, self.associated = rest[: 9 + about + cipher], rest[: 9 + about]
            self.ciphertext = self.bytes[9 + about :]
            if self.kind == 1:
                self.about = one_encoding(FRAME, self.associated[9:])
                subjects = [s.encode() for s in self.about["subjects"]]
                if subjects != sorted(set(subjects)) or cipher <= 16:
                    raise ValueError("subjects or ciphertext")
                self.leaf = leaf_hash(self.bytes)
            elif self.kind == 2:
                self.about = one_encoding(STUB, self.associated[9:])
                if cipher:
                    raise ValueError("a stub with a ciphertext")
                self.leaf = bytes.fromhex(self.about["leaf"])
            else:
                raise ValueError("kind")
        except ValueError as error:
            raise Bad("part", str(error)) from None


class Content:
    """A content object up to its root."""

    def __init__(self, data):
        if len(data) < 16 or data[:7] != b"DAYCONT":
            raise Bad("framing")
        if data[7] != 1:
            raise Bad("version", str(data[7]))
        header, parts = int.from_bytes(data[8:12], "big"), int.from_bytes(data[12:16], "big")
        if header > 16_384 or parts > 64 * MIB:
            raise Bad("framing", "lengths out of bounds")
        if 16 + header + parts != len(data):
            raise Bad("length")
        self.raw, rest = data[16 : 16 + header], data[16 + header :]
        try:
            self.header = one_encoding(HEADER, self.raw)
        except ValueError as error:
            raise Bad("header", str(error)) from None
        self.parts = []
        while rest and len(self.parts) < self.header["parts"]:
            self.parts.append(Part(rest))
            rest = rest[len(self.parts[-1].bytes) :]
        if rest or len(self.parts) != self.header["parts"]:
            raise Bad("parts")
        if tree_root([part.leaf for part in self.parts]).hex() != self.header["root"]:
            raise Bad("root")

    def key(self, content_key, label, n=0):
        h = self.header
        place = (h["origin"].encode(), bytes.fromhex(h["stream"]), h["seq"].to_bytes(4, "big"), n.to_bytes(4, "big"))
        return hkdf(content_key, bytes.fromhex(h["salt"]), lp(b"dayseal/v1/content", label, *place))

    def open(self, content_key):
        """The records that are left, as (record, content)."""
        h = self.header
        if not hmac.compare_digest(self.key(content_key, b"commit").hex(), h["commitment"]):
            raise Bad("commitment")
        unsigned = compact({**h, "mac": "0" * 64})
        if not hmac.compare_digest(hmac.digest(self.key(content_key, b"header"), unsigned, "sha256").hex(), h["mac"]):
            raise Bad("mac")
        found = {}
        for i, part in enumerate(self.parts):
            if part.kind == 1:
                for record, content in self.records(part, self.key(content_key, b"frame", i)):
                    if (record["entry"], record["field"]) in found:
                        raise Bad("twice")
                    found[record["entry"], record["field"]] = record, content
        return list(found.values())

    def records(self, part, key):
        try:
            plain = AESGCM(key).decrypt(bytes(12), part.ciphertext, part.associated)
        except InvalidTag:
            raise Bad("decrypt") from None
        lines = contents(plain).split(b"\n")
        if lines.pop():
            raise Bad("contents.count", "no newline at the end")
        out = []
        for line in lines:
            try:
                if not 1 <= len(line) <= 16 * MIB:
                    raise ValueError("length")
                record = one_encoding(RECORD, line)
                if ("base64" in record) == ("text" in record):
                    raise ValueError("base64 or text")
                content = b64(record["base64"]) if "base64" in record else record["text"].encode()
                if len(content) > 8 * MIB:
                    raise ValueError("content")
            except ValueError as error:
                raise Bad("record", str(error)) from None
            out.append((record, content))
        if len(out) != part.about["records"]:
            raise Bad("contents.count")
        return out

    def check(self, inputs):
        """A good vector: its records give these digests, in order."""
        opened = self.open(bytes.fromhex(inputs["content_key"]))
        origin = self.header["origin"]
        digests = [commit(bytes.fromhex(r["nonce"]), origin, r["entry"], r["field"], content).hex() for r, content in opened]
        assert ",".join(digests) == inputs["digests"], digests
        assert sum(part.kind == 2 for part in self.parts) == int(inputs["stubs"])
