"""What all pages of docs/spec/ share: names, times, strict JSON, Merkle trees, key derivation, padding."""

import base64
import datetime
import hashlib
import hmac
import json
import re

MIB = 1024 * 1024
U64 = 2**64 - 1


class Bad(Exception):
    """A failure with its code."""

    def __init__(self, code, detail=""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


# ---------------------------------------------------------------- bytes and names (README, objects)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(text):
    """Standard base64 in its one spelling."""
    try:
        out = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, UnicodeEncodeError):
        raise ValueError("not base64") from None
    if base64.b64encode(out).decode() != text:
        raise ValueError("not its one base64")
    return out


def lower_hex(text, size):
    if not isinstance(text, str) or not re.fullmatch(rf"[0-9a-f]{{{2 * size}}}", text, re.ASCII):
        raise ValueError("not lower-case hexadecimal")
    return bytes.fromhex(text)


def day_number(text):
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        raise ValueError("not a day")
    day = datetime.date(int(text[:4]), int(text[5:7]), int(text[8:]))
    number = (day - datetime.date(1970, 1, 1)).days
    if number < 0:
        raise ValueError("before 1970")
    return number


def day_text(number):
    return (datetime.date(1970, 1, 1) + datetime.timedelta(days=number)).isoformat()


def time_ms(text):
    pattern = r"(.{10})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z"
    found = isinstance(text, str) and re.fullmatch(pattern, text, re.ASCII)
    if not found:
        raise ValueError("not a time")
    h, m, s, ms = (int(g) for g in found.groups()[1:])
    if h > 23 or m > 59 or s > 59:
        raise ValueError("not a time of day")
    return ((day_number(found[1]) * 24 + h) * 60 + m) * 60_000 + s * 1000 + ms


SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"


def origin_name(text):
    if not isinstance(text, str) or len(text) > 128:
        raise ValueError("not an origin")
    if not re.fullmatch(rf"{SEGMENT}(/{SEGMENT})*", text, re.ASCII):
        raise ValueError("not an origin")
    return text


def service_name(text):
    if not isinstance(text, str) or len(text) > 64 or not re.fullmatch(SEGMENT, text, re.ASCII):
        raise ValueError("not a service name")
    return text


def batch_key(text):
    """(day, stream, seq, digest) of a batch's key."""
    pattern = r"entries/([^/]*)/([^/]*)/([0-9]{8})-([^/]*)\.batch"
    found = isinstance(text, str) and re.fullmatch(pattern, text, re.ASCII)
    if not found:
        raise ValueError("not a batch key")
    day_number(found[1]), lower_hex(found[2], 16), lower_hex(found[4], 32)
    return found[1], found[2], int(found[3]), found[4]


def content_key(text):
    """(day, stream, seq) of a content object's key."""
    found = isinstance(text, str) and re.fullmatch(r"content/([^/]*)/([^/]*)/([0-9]{8})\.content", text, re.ASCII)
    if not found:
        raise ValueError("not a content key")
    day_number(found[1]), lower_hex(found[2], 16)
    return found[1], found[2], int(found[3])


def manifest_key(text):
    if not text.startswith("manifests/") or not text.endswith(".ndjson"):
        raise ValueError("not a manifest key")
    day_number(text[len("manifests/") : -len(".ndjson")])


def checkpoint_key(text):
    if not text.startswith("checkpoints/"):
        raise ValueError("not a checkpoint key")
    day_number(text[len("checkpoints/") :])


# ---------------------------------------------------------------- JSON, one spelling


def no_float(text):
    raise ValueError(f"a number that is not an integer: {text[:20]}")


def unique(pairs):
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key comes twice")
    return out


def strict_json(data):
    """JSON without floats and duplicate keys. ValueError otherwise."""
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_float=no_float,
            parse_constant=no_float,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None
    compact(value)  # refuses lone surrogates
    return value


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def uint(most, least=0):
    def check(value):
        if type(value) is not int or not least <= value <= most:
            raise ValueError("a number out of bounds")

    return check


def text_of(most, least=0):
    def check(value):
        if not isinstance(value, str) or not least <= len(value.encode("utf-8")) <= most:
            raise ValueError("a text out of bounds")

    return check


def hex_of(size):
    return lambda value: lower_hex(value, size)


def only_true(value):
    if value is not True:
        raise ValueError("a flag that is not true")


def one_of(*names):
    def check(value):
        if value not in names:
            raise ValueError("not one of the names")

    return check


def list_of(check, most=None):
    def checks(value):
        if not isinstance(value, list) or (most is not None and len(value) > most):
            raise ValueError("not a list, or too long")
        for item in value:
            check(item)

    return checks


def b64_of(least, most):
    def check(value):
        if not isinstance(value, str) or not least <= len(b64(value)) <= most:
            raise ValueError("bytes out of bounds")

    return check


def fields(spec):
    """Checks an object: fields of `spec` in its order; a `?` marks the optional ones."""
    order = [name.rstrip("?") for name, _ in spec]
    need = [name for name, _ in spec if not name.endswith("?")]
    checks = dict(zip(order, (check for _, check in spec)))

    def check(value):
        if not isinstance(value, dict):
            raise ValueError("not an object")
        if [n for n in order if n in value] != list(value):
            raise ValueError("fields unknown or out of order")
        if any(n not in value for n in need):
            raise ValueError("a field is missing")
        for name, item in value.items():
            checks[name](item)

    return check


# ---------------------------------------------------------------- Merkle trees (RFC 6962)


def leaf_hash(data):
    return sha256(b"\x00", data)


def node_hash(left, right):
    return sha256(b"\x01", left, right)


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


class Tree:
    """The right edge of a tree: roots of its perfect subtrees, largest first."""

    def __init__(self, size=0, nodes=()):
        if size.bit_count() != len(nodes):
            raise Bad("frontier", "not one node for each one-bit of the size")
        self.size, self.nodes = size, list(nodes)

    def push(self, leaf):
        if self.size == U64:
            raise Bad("frontier", "the tree is full")
        size = self.size
        while size & 1:
            leaf = node_hash(self.nodes.pop(), leaf)
            size >>= 1
        self.nodes.append(leaf)
        self.size += 1

    def root(self):
        if not self.nodes:
            return sha256()
        out = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            out = node_hash(node, out)
        return out


def tree_root(leaves):
    tree = Tree()
    for leaf in leaves:
        tree.push(leaf)
    return tree.root()


def root_of_inclusion(leaf, index, size, proof):
    """The root that the audit path leads to, by the recursion that defines it; None if it does not fit."""
    if index >= size or len(proof) > 64:
        return None
    proof = list(proof)

    def climb(index, size):
        if size == 1:
            return leaf
        k = split(size)
        if not proof:
            raise LookupError
        other = proof.pop()
        if index < k:
            return node_hash(climb(index, k), other)
        return node_hash(other, climb(index - k, size - k))

    try:
        root = climb(index, size)
    except LookupError:
        return None
    return None if proof else root


def is_consistent(old_size, old_root, size, root, proof):
    if old_size == 0:
        return not proof and old_root == sha256()
    if old_size > size:
        return False
    proof = list(proof)

    def climb(old, size, whole):
        """Roots of the old tree and of the new one over this range."""
        if old == size:
            node = old_root if whole else proof.pop()
            return node, node
        k = split(size)
        right = proof.pop()
        if old <= k:
            left_old, left_new = climb(old, k, whole)
            return left_old, node_hash(left_new, right)
        right_old, right_new = climb(old - k, size - k, False)
        return node_hash(right, right_old), node_hash(right, right_new)

    try:
        found_old, found_new = climb(old_size, size, True)
    except IndexError:
        return False
    return not proof and found_old == old_root and found_new == root


# ---------------------------------------------------------------- keys and lengths (README, batch.md)


def lp(*items):
    return b"".join(len(item).to_bytes(2, "big") + item for item in items)


def hkdf(ikm, salt, info, length=32):
    prk = hmac.digest(salt if salt is not None else bytes(32), ikm, "sha256")
    out, block, count = b"", b"", 0
    while len(out) < length:
        count += 1
        block = hmac.digest(prk, block + info + bytes([count]), "sha256")
        out += block
    return out[:length]


def log_secret_version(secret, origin):
    """privacy.md, "Keys"."""
    version = hkdf(secret, None, lp(b"dayseal/v1/log-secret-version", origin.encode()), 5)
    return base64.b32encode(version).decode().lower()


def pseudonym(secret, origin, purpose, tenant, value):
    """privacy.md, "Pseudonyms"."""
    context = (origin.encode(), purpose.encode(), tenant.encode())
    key = hkdf(secret, None, lp(b"dayseal/v1/pseudonym", *context))
    tag = base64.b32encode(hmac.digest(key, value, "sha256")[:20]).decode().lower()
    return f"p1:{purpose}:{log_secret_version(secret, origin)}:{tag}"


def content_digest(secret, origin, tenant, content):
    """privacy.md, "Content digests"."""
    key = hkdf(secret, None, lp(b"dayseal/v1/content-digest", origin.encode(), tenant.encode()))
    return hmac.digest(key, content, "sha256").hex()


def padded(length):
    length = max(length, 1)
    e = length.bit_length() - 1
    s = max(e, 1).bit_length()
    step = max(512, 1 << max(e - s, 0))
    return -(-length // step) * step


def key_id(value):
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]{1,256}", value, re.ASCII):
        raise ValueError("not a key id")


UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


def uuid_text(value):
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise ValueError("not a UUID")
