"""Running the test vectors: tests/vectors/README.md."""

import hmac
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from batches import Batch, leaf_salts, unwrap
from content import Content
from entries import check_entry
from entry_proof import check_entry_proof, ProofParts
from hints import HintKeys, read_index
from manifests import decode_record, Manifest
from notes import check_proof, open_checkpoint, open_note, Vkey
from policies import decode_ack, Policy
from primitives import (
    b64, Bad, batch_key, checkpoint_key, content_digest, content_key, day_number, hkdf, is_consistent, leaf_hash, log_secret_version, lower_hex, lp,
    manifest_key, origin_name, padded, pseudonym, root_of_inclusion, service_name, sha256, time_ms, tree_root,
)  # fmt: skip
from statements import officer_name, read_statement


def run_case(top, name, data, inputs):
    """Raises Bad with the code of the failure."""
    folder = top.name
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
    elif folder == "hints":
        if "secret" not in inputs:
            raise Bad("lines")
        place = bytes.fromhex(inputs["stream"]), int(inputs["seq"]), int(inputs["entries"])
        keys = HintKeys(bytes.fromhex(inputs["secret"]), inputs["origin"])
        keys.open(place, data)
        if "lines" in inputs:
            assert keys.make(place, (top / inputs["lines"]).read_bytes().splitlines()) == data
    elif folder == "index":
        items = read_index(data, inputs["origin"], inputs["day"], bytes.fromhex(inputs["manifest"]))
        assert ",".join(str(len(i)) for i in items) == inputs["items"]
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
                run_case(folder, name, (folder / name).read_bytes(), inputs)
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
