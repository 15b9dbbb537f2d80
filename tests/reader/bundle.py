"""Evidence bundles (bundle.md), on top of what reads notes, manifests and entries."""

import hashlib
import json
from collections import namedtuple
from pathlib import Path

from primitives import (
    Bad, batch_key, compact, day_number, day_text, fields, lower_hex, one_of, origin_name, sha256, strict_json, text_of, time_ms,
    tree_root, uint,
)  # fmt: skip

# What stands on other pages: open_checkpoint, Manifest, check_entry, and what opens an order of removal.
BundleParts = namedtuple("BundleParts", "checkpoint manifest entry removal")

ABOUT = fields(
    [
        ("v", uint(255)),
        ("origin", origin_name),
        ("first", day_number),
        ("last", day_number),
        ("entries", one_of("shown", "digests")),
        ("made_at", time_ms),
        ("made_by", text_of(256)),
    ]
)
EXIT = {"missing_object": 4, "missing_manifest": 4, "missing_checkpoint": 4, "unreadable": 3}


class Bundle:
    """Findings of a bundle under the verifier's own policy."""

    def __init__(self, top, policy, now, parts):
        self.top, self.policy, self.now, self.parts = Path(top), policy, now, parts
        self.findings, self.entries, self.batches, self.days = [], 0, 0, 0
        self.keys = policy.keys
        try:
            self.about()
        except (OSError, ValueError, Bad) as error:
            self.find("unreadable" if getattr(error, "code", "") == "version" else "altered_object", "bundle.json", error)
            return
        self.sums()
        self.chain()

    def find(self, code, object_, detail=""):
        self.findings.append((code, object_, str(detail)))

    def read(self, name, code="missing_object"):
        path = self.top / name
        if path.is_symlink() or not path.is_file():
            self.find(code, name)
            return None
        return path.read_bytes()

    def about(self):
        data = (self.top / "bundle.json").read_bytes()
        if len(data) > 4_096 or not data.endswith(b"\n"):
            raise ValueError("length or end")
        about = strict_json(data[:-1])
        if isinstance(about, dict) and about.get("v", 1) != 1:
            raise Bad("version")
        ABOUT(about)
        if compact(about) != data[:-1] or about["first"] > about["last"]:
            raise ValueError("not its one encoding, or days out of order")
        if about["origin"] != self.policy.origin:
            raise ValueError("of another log than the policy")
        self.first, self.last = day_number(about["first"]), day_number(about["last"])
        self.shown = about["entries"] == "shown"

    def sums(self):
        text = self.read("SHA256SUMS")
        if text is None:
            return
        try:
            pairs = [line.split("  ", 1) for line in text.decode().split("\n")[:-1]]
            listed = {name: lower_hex(digest, 32) for digest, name in pairs}
            one = "".join(f"{listed[n].hex()}  {n}\n" for n in sorted(listed, key=str.encode))
            if one.encode() != text:
                raise ValueError("not in its one form")
        except ValueError as error:
            self.find("altered_object", "SHA256SUMS", error)
            return
        found = {}
        for path in self.top.rglob("*"):
            name = path.relative_to(self.top).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                self.find("unlisted_object", name, "neither a file nor a directory")
            elif path.is_file() and name != "SHA256SUMS":
                with path.open("rb") as file:
                    found[name] = hashlib.file_digest(file, "sha256").digest()
        for name in sorted(found.keys() | listed.keys()):
            if name not in listed:
                self.find("unlisted_object", name)
            elif name not in found:
                self.find("missing_object", name)
            elif found[name] != listed[name]:
                self.find("altered_object", name)

    def checkpoint(self, name):
        data = self.read(f"evidence/{name}", "missing_checkpoint")
        if data is None:
            return None
        try:
            return self.parts.checkpoint(data, self.policy.origin, self.keys)
        except Bad as error:
            bad = error.code in ("bad_signature", "unsigned")
            self.find("bad_signature" if bad else "altered_checkpoint", name, error)
            return None

    def chain(self):
        before = self.first - 1
        start = "checkpoints/first" if self.first <= day_number(self.policy.first_day) else f"checkpoints/{day_text(before)}"
        tip, previous = None, None
        # The day before may have expired: the first line of the first day says the tree before it, signed.
        if start == "checkpoints/first" or (self.top / "evidence" / start).exists():
            tip = self.checkpoint(start)
        for number in range(self.first, self.last + 1):
            day = day_text(number)
            signed = self.checkpoint(f"checkpoints/{day}")
            name = f"manifests/{day}.ndjson"
            data = self.read(f"evidence/{name}", "missing_manifest")
            if data is None:
                tip, previous = signed, None
                continue
            try:
                manifest = self.parts.manifest(data, self.policy.origin, day)
            except Bad as error:
                newer = error.code in ("unknown_kind", "version")
                self.find("unreadable" if newer else "altered_manifest", name, error)
                tip, previous = signed, None
                continue
            if tip is not None and tip != (manifest.before.size, manifest.before.root()):
                self.find("tree_mismatch", name)
            if signed is not None and signed != (manifest.after.size, manifest.after.root()):
                self.find("altered_manifest", name, "not the signed tree")
            if previous is not None and manifest.head.get("previous") != previous:
                self.find("tree_mismatch", name, "previous")
            tip, previous = signed, sha256(data).hex()
            self.entries_of(day, manifest)
            self.change_key(day, manifest, signed)

    def change_key(self, day, manifest, signed):
        """From the next day on the announced key alone, if the policy names it."""
        key = manifest.next_key
        if key is None or signed is None:
            return
        try:
            note = (self.top / f"evidence/checkpoints/{day}").read_bytes()
            self.parts.checkpoint(note, self.policy.origin, [key])
        except (OSError, Bad) as error:
            self.find("bad_signature", f"checkpoints/{day}", error)
            return
        named = [k for k in self.policy.keys if (k.name, k.key) == (key.name, key.key)]
        self.keys = named or self.policy.keys

    def entries_of(self, day, manifest):
        name = f"entries/{day}.txt"
        data = self.read(name)
        if data is None:
            return
        try:
            if data and not data.endswith(b"\n"):
                raise ValueError("no LF at its end")
            lines = iter(data.split(b"\n")[:-1])
            for batch in manifest.batches:
                self.block(lines, batch, manifest.head["keep_until"])
            if next(lines, None) is not None:
                raise ValueError("lines behind the last batch")
            self.days += 1
        except (ValueError, StopIteration) as error:
            self.find("altered_object", name, error or "ends too early")

    def block(self, lines, batch, keep_until):
        key, first = batch["key"], next(lines)
        for why, code in (("missing", "missing_object"), ("unreadable", "unreadable"), ("expired", None)):
            if first == f"absent {key} {why}".encode():
                if why == "expired" and day_text(self.now // 86_400_000) <= keep_until:
                    code = "missing_object"
                if code:
                    self.find(code, key, why)
                return
        if first == f"absent {key} removed".encode():
            self.order(key)
            return
        if first != f"batch {key}".encode():
            raise ValueError(f"expected the block of {key}")
        leaves = [self.leaf(next(lines), batch) for _ in range(batch["entries"])]
        if tree_root(leaves).hex() != batch["root"]:
            self.find("altered_object", key, "its entries do not lead to the sealed root")
            return
        self.batches, self.entries = self.batches + 1, self.entries + len(leaves)

    def order(self, key):
        data = self.read(f"removals/{batch_key(key)[3]}")
        if data is None:
            return
        try:
            about = self.parts.removal(data, self.policy)
        except Bad as error:
            self.find("unapproved_removal", key, error)
            return
        if about != key:
            self.find("unapproved_removal", key, f"its order is about {about}")

    def leaf(self, line, batch):
        if not self.shown:
            return lower_hex(line.decode(), 32)
        salt, space, entry = lower_hex(line[:32].decode(), 16), line[32:33], line[33:]
        if space != b" " or not 1 <= len(entry) <= 65_535:
            raise ValueError("a line that is no salt and entry")
        try:
            self.parts.entry(entry)
            if not batch["first_time"] <= json.loads(entry)["time"] <= batch["last_time"]:
                self.find("header_mismatch", batch["key"], "time of an entry")
        except Bad as error:
            self.find("unreadable" if error.code == "version" else "bad_entry", batch["key"], error.code)
        return sha256(b"\0", salt, entry)

    def exit_code(self):
        codes = {EXIT.get(code, 1) for code, _, _ in self.findings}
        return next((c for c in (1, 5, 4, 3) if c in codes), 0)
