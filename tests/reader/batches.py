"""Batches: docs/spec/batch.md."""

import hmac

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from primitives import (
    MIB, Bad, b64_of, compact, day_number, fields, hex_of, hkdf, key_id, leaf_hash, lp, only_true, origin_name, padded, service_name, strict_json,
    time_ms, tree_root, uint,
)  # fmt: skip

HEADER = fields(
    [
        ("after?", hex_of(16)),
        ("commitment", hex_of(32)),
        ("day", day_number),
        ("entries", uint(262_144, 1)),
        ("first_time", time_ms),
        ("hints?", b64_of(1, 4096)),
        ("key_id", key_id),
        ("last?", only_true),
        ("last_time", time_ms),
        ("origin", origin_name),
        ("previous?", hex_of(32)),
        ("root", hex_of(32)),
        ("salt", hex_of(32)),
        ("seq", uint(99_999_999)),
        ("service", service_name),
        ("stream", hex_of(16)),
        ("wrapped_key", b64_of(1, 6144)),
    ]
)


class Batch:
    """A batch whose framing and header are well formed."""

    def __init__(self, data):
        if len(data) > 40 * MIB:
            raise Bad("framing", "longer than 40 MiB")
        if len(data) < 16 or data[:7] != b"DAYSEAL":
            raise Bad("framing", "no prefix")
        if data[7] != 1:
            raise Bad("version", str(data[7]))
        header, cipher = int.from_bytes(data[8:12], "big"), int.from_bytes(data[12:16], "big")
        if header > 16_384 or not 16 < cipher <= 40 * MIB:
            raise Bad("framing", "lengths out of bounds")
        if 16 + header + cipher != len(data):
            raise Bad("length")
        self.associated, self.ciphertext = data[: 16 + header], data[16 + header :]
        raw = self.associated[16:]
        try:
            h = self.header = strict_json(raw)
            HEADER(h)
            if compact(h) != raw:
                raise ValueError("not its one encoding")
            if (h["seq"] == 0) != ("previous" not in h):
                raise ValueError("previous")
            if h["seq"] != 0 and "after" in h:
                raise ValueError("after")
            if h["first_time"] > h["last_time"]:
                raise ValueError("first_time after last_time")
        except ValueError as error:
            raise Bad("header", str(error)) from None

    def keys(self, data_key):
        h = self.header
        context = (h["origin"].encode(), bytes.fromhex(h["stream"]), h["seq"].to_bytes(4, "big"))
        info = lambda label: lp(b"dayseal/v1/batch", label, *context)
        salt = bytes.fromhex(h["salt"])
        return [hkdf(data_key, salt, info(label)) for label in (b"encrypt", b"leaf-salt", b"commit")]

    def open(self, data_key):
        """The entries, after every check up to the root."""
        h = self.header
        encrypt, leaf_salt, commit = self.keys(data_key)
        if not hmac.compare_digest(commit.hex(), h["commitment"]):
            raise Bad("commitment")
        try:
            plain = AESGCM(encrypt).decrypt(bytes(12), self.ciphertext, self.associated)
        except InvalidTag:
            raise Bad("decrypt") from None
        lines = contents(plain)
        entries = split_lines(lines, h["entries"])
        self.salts = leaf_salts(leaf_salt, len(entries))
        self.leaves = [leaf_hash(salt + entry) for salt, entry in zip(self.salts, entries)]
        if tree_root(self.leaves).hex() != h["root"]:
            raise Bad("root")
        return entries


def leaf_salts(key, count):
    blocks = b"".join(i.to_bytes(16, "big") for i in range(count))
    out = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(blocks)
    return [out[i : i + 16] for i in range(0, len(out), 16)]


def contents(plain):
    if len(plain) < 8:
        raise Bad("contents.short")
    lines_len, frame_len = int.from_bytes(plain[:4], "big"), int.from_bytes(plain[4:8], "big")
    if not 1 <= lines_len <= 32 * MIB:
        raise Bad("contents.lengths")
    if 8 + frame_len > len(plain) or padded(8 + frame_len) != len(plain):
        raise Bad("contents.padding")
    frame = plain[8 : 8 + frame_len]
    if any(plain[8 + frame_len :]):
        raise Bad("contents.zeros")
    if one_frame(frame) != lines_len:
        raise Bad("contents.declared")
    try:
        lines = zstandard.ZstdDecompressor().decompress(frame, max_output_size=lines_len)
    except zstandard.ZstdError as error:
        raise Bad("contents.corrupt", str(error)) from None
    if len(lines) != lines_len:
        raise Bad("contents.corrupt")
    return lines


def one_frame(frame):
    """Walks the blocks of exactly one zstd frame (RFC 8878); the content size it declares, or None."""
    bad = Bad("contents.frame")
    if frame[:4] != b"\x28\xb5\x2f\xfd" or len(frame) < 5:
        raise bad
    flags, at = frame[4], 5
    single = flags >> 5 & 1
    at += 0 if single else 1  # window descriptor
    at += (0, 1, 2, 4)[flags & 3]  # dictionary id
    size_len = (1 if single else 0, 2, 4, 8)[flags >> 6]
    size = int.from_bytes(frame[at : at + size_len], "little") if size_len else None
    if size_len == 2:
        size += 256
    at += size_len
    while True:
        if at + 3 > len(frame):
            raise bad
        block = int.from_bytes(frame[at : at + 3], "little")
        kind, length = block >> 1 & 3, block >> 3
        if kind == 3:
            raise bad
        at += 3 + (1 if kind == 1 else length)
        if block & 1:
            break
    at += 4 if flags >> 2 & 1 else 0  # checksum
    if at != len(frame):
        raise bad
    return size


def split_lines(lines, count):
    entries = lines.split(b"\n")
    rest = entries.pop()
    # The order of the two checks is the specification's: lines up to the count, then their number.
    for entry in entries[: count + 1]:
        if not 1 <= len(entry) <= 65_535:
            raise Bad("contents.line")
    if rest or len(entries) != count:
        raise Bad("contents.count")
    return entries


def wrapping_key_id(key):
    return "local:" + hkdf(key, None, b"dayseal/v1/key-id", 16).hex()


def unwrap(wrapping_key, id_, wrapped, origin, stream, day, kind="entries"):
    if wrapping_key_id(wrapping_key) != id_:
        raise Bad("foreign_key", id_)
    if len(wrapped) != 80:
        raise Bad("unwrap", "not 80 bytes")
    label = {"entries": b"dayseal/v1/wrap", "content": b"dayseal/v1/wrap-content"}[kind]
    info = lp(label, origin.encode(), stream, day.encode(), id_.encode())
    try:
        return AESGCM(hkdf(wrapping_key, wrapped[:32], info)).decrypt(bytes(12), wrapped[32:], None)
    except InvalidTag:
        raise Bad("unwrap") from None
