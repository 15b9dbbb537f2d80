"""`verify` of the reader, on a log that this file writes: `python3 -m unittest discover tests/reader`."""

import base64
import io
import os
import tempfile
import unittest
from contextlib import redirect_stdout
from pathlib import Path

import dayseal_reader as r
import batches
import manifests
import primitives
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ORIGIN = "audit.example.com/test"
DAYS = ["2026-11-20", "2026-11-21", "2026-11-22"]
NOW = "2026-11-23T06:00:00.000Z"
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = SIGNING.public_key().public_bytes_raw()
KEY_ID = primitives.sha256(ORIGIN.encode(), b"\n\x01", PUBLIC)[:4]
VKEY = f"{ORIGIN}+{KEY_ID.hex()}+" + base64.b64encode(b"\x01" + PUBLIC).decode()
WRAPPING = bytes(range(64, 96))


def event(day, n):
    head = f'"action":"read","actor":{{"id":"a","type":"user"}},"id":"01932f4e-7c00-7abc-8def-{n:012x}"'
    at = f"{day}T09:00:{n:02}.000Z"
    rest = f'"outcome":"success","service":{{"name":"api"}},"tenant":"default","time":"{at}","type":"data.read","v":1'
    return f'{{{head},"logged_time":"{at}",{rest}}}'.encode()


def batch(day, stream, seq, previous, last=False, wrapping=WRAPPING):
    entries = [event(day, seq * 2), event(day, seq * 2 + 1)]
    lines = b"".join(e + b"\n" for e in entries)
    data_key, salt = primitives.sha256(b"data key", stream), primitives.sha256(b"salt", stream, bytes([seq]))
    id_ = batches.wrapping_key_id(wrapping)
    wrap_salt = primitives.sha256(b"wrap", stream)
    info = primitives.lp(b"dayseal/v1/wrap", ORIGIN.encode(), stream, day.encode(), id_.encode())
    wrapped = wrap_salt + AESGCM(primitives.hkdf(wrapping, wrap_salt, info)).encrypt(bytes(12), data_key, None)
    context = (ORIGIN.encode(), stream, seq.to_bytes(4, "big"))
    labels = (b"encrypt", b"leaf-salt", b"commit")
    encrypt, leaf_salt, commit = (
        primitives.hkdf(data_key, salt, primitives.lp(b"dayseal/v1/batch", label, *context)) for label in labels
    )
    salts = batches.leaf_salts(leaf_salt, len(entries))
    header = {
        "commitment": commit.hex(),
        "day": day,
        "entries": len(entries),
        "first_time": f"{day}T09:00:{seq * 2:02}.000Z",
        "key_id": id_,
        "last": last,
        "last_time": f"{day}T09:00:{seq * 2 + 1:02}.000Z",
        "origin": ORIGIN,
        "previous": previous,
        "root": primitives.tree_root([primitives.leaf_hash(s + e) for s, e in zip(salts, entries)]).hex(),
        "salt": salt.hex(),
        "seq": seq,
        "service": "api",
        "stream": stream.hex(),
        "wrapped_key": base64.b64encode(wrapped).decode(),
    }
    raw = primitives.compact({k: v for k, v in header.items() if v is not None and v is not False})
    frame = zstandard.ZstdCompressor(level=1).compress(lines)
    plain = len(lines).to_bytes(4, "big") + len(frame).to_bytes(4, "big") + frame
    plain += bytes(primitives.padded(len(plain)) - len(plain))
    lengths = len(raw).to_bytes(4, "big") + (len(plain) + 16).to_bytes(4, "big")
    associated = b"DAYSEAL\x01" + lengths + raw
    data = associated + AESGCM(encrypt).encrypt(bytes(12), plain, associated)
    digest = primitives.sha256(data).hex()
    key = f"entries/{day}/{stream.hex()}/{seq:08}-{digest}.batch"
    record = {"kind": "batch", "key": key, "length": len(data), "previous": previous}
    copied = {n: header[n] for n in ("entries", "first_time", "last_time", "root", "service", "last")}
    return key, data, digest, {**record, **copied}


def note(size, root):
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n"
    value = base64.b64encode(KEY_ID + SIGNING.sign(text.encode())).decode()
    return f"{text}\n\u2014 {ORIGIN} {value}\n".encode()


class Writer:
    """Three days, each with a stream of three batches; `late` lists a batch again on the next day."""

    def __init__(self, root, leave_out=(), late=(), wrapping=WRAPPING, keep=30):
        self.root, self.tree, previous_manifest = Path(root), primitives.Tree(), None
        self.put("checkpoints/first", note(0, primitives.sha256()))
        self.put("log.json", b"{}\n")
        self.keys, pending = [], []
        for number, day in enumerate(DAYS):
            stream, before, records = bytes([number]) * 16, None, list(pending)
            pending = []
            for seq in range(3):
                key, data, before, record = batch(day, stream, seq, before, seq == 2, wrapping)
                self.keys.append(key)
                if (number, seq) in leave_out:
                    continue
                self.put(key, data)
                if (number, seq) in late:
                    pending.append({**record, "late": True})
                else:
                    records.append(record)
            records = [{k: v for k, v in x.items() if v is not None and v is not False} for x in records]
            own = [x for x in records if "late" not in x]
            gaps, conflicts, closed, still_open = manifests.audit_streams(own)
            total = lambda name: sum(x[name] for x in records)
            counts = [len(records), total("entries"), total("length"), len(records) - len(own), 0]
            counts += [len(gaps), len(conflicts), closed, still_open]
            head = {
                "kind": "day",
                "v": 1,
                "origin": ORIGIN,
                "day": day,
                "sealed_at": f"{primitives.day_text(primitives.day_number(day) + 1)}T00:30:00.000Z",
                "size": self.tree.size,
                "frontier": [n.hex() for n in self.tree.nodes],
                "previous": previous_manifest,
                "counts": dict(zip(manifests.COUNTS, counts)),
                "services": [{"name": "api", "batches": len(records), "entries": total("entries")}],
                "more_services": 0,
                "late_days": 1,
                "keep_until": primitives.day_text(primitives.day_number(day) + keep),
                "kept_from": DAYS[0],
            }
            if previous_manifest is None:
                del head["previous"]
            lines = [primitives.compact(x) for x in [head, *records, *gaps, *conflicts]]
            for line in lines:
                self.tree.push(primitives.leaf_hash(line))
            manifest = b"".join(line + b"\n" for line in lines)
            previous_manifest = primitives.sha256(manifest).hex()
            self.put(f"manifests/{day}.ndjson", manifest)
            self.put(f"checkpoints/{day}", note(self.tree.size, self.tree.root()))

    def put(self, key, data):
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def get(self, key):
        return (self.root / key).read_bytes()

    def remove(self, key):
        os.remove(self.root / key)


class VerifyTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.top = Path(self.directory.name)

    def writer(self, **how):
        return Writer(self.top / "evidence", **how)

    def check(self, exit_code, *codes, policy="", head=None, now=NOW):
        text = f"dayseal-policy v1\norigin {ORIGIN}\nlog {VKEY}\nfirst-day {DAYS[0]}\n"
        text += f"wrapping-key {batches.wrapping_key_id(WRAPPING)}\n{policy}"
        (self.top / "policy").write_text(text)
        keys = {"v": 1, "kind": "dayseal-keys", "origin": ORIGIN, "wrapping_key": WRAPPING.hex()}
        (self.top / "keys").write_bytes(primitives.compact(keys))
        argv = ["verify", str(self.top / "evidence"), "--now", now]
        argv += ["--policy", str(self.top / "policy"), "--keys", str(self.top / "keys")]
        if head:
            (self.top / "head").write_bytes(head)
            argv += ["--head", str(self.top / "head")]
        out = io.StringIO()
        with redirect_stdout(out):
            found = r.main(argv)
        lines = [line.split("\t")[0] for line in out.getvalue().splitlines()]
        findings = [x for x in lines if x not in ("checked", "anchoring", "versions and locks")]
        self.assertEqual((found, sorted(findings)), (exit_code, sorted(codes)), out.getvalue())

    def test_whole_log(self):
        w = self.writer()
        self.check(0, head=w.get("checkpoints/2026-11-21"))

    def test_batch_edited(self):
        w = self.writer()
        data = bytearray(w.get(w.keys[0]))
        data[-1] ^= 1
        w.put(w.keys[0], bytes(data))
        self.check(1, "altered_object")

    def test_batch_deleted(self):
        w = self.writer()
        w.remove(w.keys[4])
        self.check(4, "missing_object")

    def test_batch_deleted_after_its_time(self):
        w = self.writer(keep=0)
        w.remove(w.keys[4])
        self.check(0)

    def test_batch_deleted_before_seal(self):
        self.writer(leave_out=[(1, 1)])
        self.check(4, "gap")

    def test_late_batch_closes_its_gap(self):
        self.writer(late=[(0, 1)])
        self.check(0)

    def test_sequence_squatted_late(self):
        w = self.writer(late=[(0, 1)])
        manifest = w.get("manifests/2026-11-20.ndjson")
        self.assertIn(b'"kind":"gap"', manifest)
        self.assertNotIn(b'"kind":"conflict"', manifest)
        batches = [manifests.Manifest(w.get(f"manifests/{d}.ndjson"), ORIGIN, d).batches for d in DAYS[:2]]
        late = next(b for b in batches[1] if "late" in b)
        squatted = {**late, "key": late["key"][:-70] + "0" * 64 + ".batch"}
        _, conflicts, _, _ = manifests.audit_streams([*batches[0], late, squatted])
        self.assertEqual([c["reason"] for c in conflicts], ["duplicate"])

    def test_batch_added(self):
        w = self.writer()
        w.put(w.keys[0].replace("/00000000-", "/00000009-"), b"x")
        w.put("entries/notes.txt", b"x")
        self.check(1, "unlisted_object", "unlisted_object")

    def test_batch_not_sealed_yet(self):
        w = self.writer()
        w.put(w.keys[-1].replace("/00000002-", "/00000003-"), b"x")
        self.check(0)

    def test_batch_of_foreign_key(self):
        self.writer(wrapping=bytes(32))
        self.check(1, *["foreign_key"] * 9)

    def test_manifest_edited(self):
        w = self.writer()
        key = "manifests/2026-11-21.ndjson"
        w.put(key, w.get(key).replace(b"09:00:01", b"09:00:02", 1))
        self.check(1, "altered_manifest", "tree_mismatch", "header_mismatch")

    def test_unknown_version_is_not_altered(self):
        w = self.writer()
        key = "manifests/2026-11-22.ndjson"
        w.put(key, w.get(key).replace(b'"v":1', b'"v":2', 1))
        self.check(3, "unreadable")

    def test_day_deleted(self):
        w = self.writer()
        w.remove("manifests/2026-11-21.ndjson")
        w.remove("checkpoints/2026-11-21")
        self.check(4, "missing_day")

    def test_manifest_deleted(self):
        w = self.writer()
        w.remove("manifests/2026-11-21.ndjson")
        self.check(4, "missing_manifest")

    def test_checkpoint_deleted(self):
        w = self.writer()
        w.remove("checkpoints/2026-11-22")
        self.check(4, "missing_checkpoint")

    def test_rolled_back(self):
        w = self.writer()
        head = w.get("checkpoints/2026-11-22")
        for key in ("manifests/2026-11-22.ndjson", "checkpoints/2026-11-22", *w.keys[6:]):
            w.remove(key)
        self.check(5, "missing_day", "rolled_back", head=head, now="2026-11-24T06:00:00.000Z")

    def test_diverged(self):
        self.writer()
        self.check(5, "diverged", head=note(4, bytes(32)))

    def test_checkpoint_replayed(self):
        w = self.writer()
        w.put("checkpoints/2026-11-22", w.get("checkpoints/2026-11-21"))
        self.check(1, "altered_manifest")

    def test_checkpoint_edited(self):
        w = self.writer()
        key = "checkpoints/2026-11-21"
        w.put(key, w.get(key).replace(b"\n8\n", b"\n7\n"))
        self.check(1, "bad_signature")

    def test_not_sealed(self):
        self.writer()
        self.check(4, "missing_day", "missing_day", now="2026-11-26T02:00:00.000Z")

    def test_retention_and_silence_of_the_policy(self):
        self.writer()
        policy = "retention-floor-days 31\nservice web max-silent-days 1\n"
        self.check(1, *["retention_shortened"] * 3, "silent_service", policy=policy)


if __name__ == "__main__":
    unittest.main()
