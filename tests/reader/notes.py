"""Signed notes, checkpoints and proofs: docs/spec/checkpoint.md, proof.md."""

import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from primitives import b64, Bad, leaf_hash, lower_hex, origin_name, root_of_inclusion, sha256, U64


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
