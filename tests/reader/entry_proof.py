"""Entry proofs (entry-proof.md), on top of what reads notes, records and entries."""

import re
from collections import namedtuple

from primitives import Bad, lower_hex, root_of_inclusion, sha256, strict_json

# What stands on other pages: check_proof, decode_record, check_entry.
ProofParts = namedtuple("ProofParts", "proof record entry")

FIRST = b"dayseal-entry-proof v"


def check_entry_proof(data, origin, known, parts):
    """(entry or None, record) of a proof that holds."""
    bad = lambda why: Bad("entry_proof", why)
    first, newline, rest = data.partition(b"\n")
    if not newline or not first.startswith(FIRST):
        raise bad("first line")
    version = first[len(FIRST) :]
    if version != b"1":
        raise Bad("version") if re.fullmatch(rb"[0-9]+", version) else bad("first line")
    if len(data) > 425_984:
        raise bad("too long")
    head, found, proof = rest.partition(b"\n\n")
    if not found:
        raise bad("no empty line")
    lines = [line.split(b" ", 1) for line in head.split(b"\n")]
    if any(len(line) != 2 for line in lines):
        raise bad("a line that is no word and value")
    words = b" ".join(word for word, _ in lines).decode("latin-1")
    if not re.fullmatch(r"index (entry salt|leaf)( path){0,18} record", words):
        raise bad("lines or their order")
    of = lambda word: [value for w, value in lines if w == word]
    try:
        index = of(b"index")[0].decode("ascii")
        if not re.fullmatch(r"0|[1-9][0-9]{0,5}", index) or int(index) > 262_143:
            raise ValueError("index")
        text = lambda value: value.decode("ascii")
        path = [lower_hex(text(value), 32) for value in of(b"path")]
        entry, record = (of(b"entry") or [None])[0], of(b"record")[0]
        if not all(1 <= len(b) <= 65_535 for b in (entry, record) if b is not None):
            raise ValueError("length of the entry or the record")
        if entry is None:
            leaf = lower_hex(text(of(b"leaf")[0]), 32)
        else:
            leaf = sha256(b"\0", lower_hex(text(of(b"salt")[0]), 16), entry)
    except ValueError as error:
        raise bad(str(error)) from None
    parts.proof(proof, record, origin, known)
    batch = parts.record(record)
    if batch["kind"] != "batch":
        raise Bad("not_a_batch")
    root = root_of_inclusion(leaf, int(index), batch["entries"], path)
    if root is None or root.hex() != batch["root"]:
        raise Bad("entry_root")
    if entry is not None:
        try:
            parts.entry(entry)
        except Bad as error:
            raise Bad("entry_version" if error.code == "version" else "entry", error.code) from None
        time = strict_json(entry)["time"]
        if not batch["first_time"] <= time <= batch["last_time"]:
            raise Bad("entry_time")
    return entry, batch
