#!/usr/bin/env python3
"""An independent reader of dayseal logs, written from docs/spec/ alone.

    dayseal_reader.py vectors DIR
    dayseal_reader.py verify LOGDIR --policy FILE [--keys FILE] [--head FILE] [--now TIME]
    dayseal_reader.py verify-proof FILE --policy FILE
    dayseal_reader.py verify-bundle DIR --policy FILE [--now TIME]

`vectors` runs every case below DIR (tests/vectors) and exits 1 on any disagreement. `verify` checks
a copy of an evidence root: chain and objects, with a key file also entries. Exit codes are those of
docs/threat-model.md. Nothing here is fast; everything is meant to be read beside the specification.
"""

import argparse
import datetime
import sys
from pathlib import Path

from batches import Batch, unwrap
from bundle import Bundle, BundleParts
from entries import check_entry
from entry_proof import check_entry_proof, ProofParts
from hints import HintKeys
from manifests import audit_streams, decode_record, Manifest
from notes import check_proof, open_checkpoint, open_note
from policies import Policy
from primitives import b64, Bad, batch_key, checkpoint_key, day_number, day_text, manifest_key, sha256, strict_json, time_ms
from statements import read_removal
from vector_runs import run_vectors

# ---------------------------------------------------------------- verifying a log


EXIT = {
    "rolled_back": 5,
    "diverged": 5,
    "missing_object": 4,
    "missing_manifest": 4,
    "missing_checkpoint": 4,
    "missing_day": 4,
    "gap": 4,
    "silent_service": 4,
    "unnamed_key": 3,
    "unreadable": 3,
}


class Log:
    def __init__(self, root, policy, keys, now, head):
        self.root, self.policy, self.now, self.head = Path(root), policy, now, head
        self.wrapping_key = bytes.fromhex(keys["wrapping_key"]) if keys else None
        secrets = [keys[name] for name in ("log_secret", "previous_log_secret") if name in keys] if keys else []
        self.hint_keys = [HintKeys(bytes.fromhex(secret), policy.origin) for secret in secrets]
        # The key that the log announced, for the days after.
        self.announced = None
        self.findings, self.checked = [], {"days": 0, "objects": 0, "entries": 0, "expired": 0, "expired days": 0, "hints": 0, "removed": 0, "pending": 0}
        self.expired_days, self.removed = set(), set()

    def find(self, code, object_, detail=""):
        self.findings.append((code, object_, detail))

    def read(self, key):
        path = self.root / key
        try:
            if path.is_symlink() or not path.is_file():
                return None
            return path.read_bytes()
        except OSError as error:
            self.find("unreadable", key, str(error))
            return None

    def names(self, prefix):
        base = self.root / prefix
        if not base.is_dir():
            return []
        found = (p.relative_to(self.root).as_posix() for p in base.rglob("*") if not p.is_dir())
        return sorted(found, key=str.encode)

    def checkpoint(self, key):
        data = self.read(key)
        if data is None:
            self.find("missing_checkpoint", key)
            return None
        try:
            return open_checkpoint(data, self.policy.origin, self.known_keys())
        except Bad as error:
            if self.announced is not None and not self.is_named(self.announced):
                if self.is_signed(data, self.announced):
                    self.find("unnamed_key", key, "announced by the log, not named by the policy")
                    return None
            code = "bad_signature" if error.code in ("bad_signature", "unsigned") else "altered_checkpoint"
            self.find(code, key, str(error))
            return None

    def is_named(self, key):
        return any((k.name, k.key) == (key.name, key.key) for k in self.policy.keys)

    def is_signed(self, note, key):
        try:
            open_checkpoint(note, self.policy.origin, [key])
            return True
        except Bad:
            return False

    def known_keys(self):
        """The policy's keys; once the log announced one of them as its own, that one alone."""
        if self.announced is not None and self.is_named(self.announced):
            return [self.announced]
        return self.policy.keys

    def note_key(self, day, key):
        """A signed change of key: the new key must have signed the day too."""
        name = f"checkpoints/{day}"
        if self.is_signed(self.read(name) or b"", key):
            self.announced = key
        else:
            self.find("bad_signature", name, "the day announces a new key that did not sign it")

    def verify(self):
        days = self.chain()
        self.orders(days)
        self.objects(days)
        self.completeness(days)

    def chain(self):
        """{day: Manifest} for every readable manifest, each checked against its neighbours."""
        policy = self.policy
        first = self.checkpoint("checkpoints/first")
        if first is not None and first != (0, sha256()):
            self.find("altered_checkpoint", "checkpoints/first", "not the empty tree")
        sealed = {}
        for prefix, grammar, cut in (
            ("manifests", manifest_key, slice(10, -7)),
            ("checkpoints", checkpoint_key, slice(12, None)),
        ):
            for name in self.names(prefix):
                try:
                    grammar(name)
                    sealed.setdefault(name[cut], set()).add(prefix)
                except ValueError:
                    if name != "checkpoints/first":
                        self.find("unlisted_object", name)
        over = self.chain_over(sealed)
        for day in [d for d in sealed if d < policy.first_day]:
            self.find("unlisted_object", f"manifests/{day}.ndjson", "before the first day")
        start = day_number(policy.first_day)
        # A day is due when its seal may be no later than `max_seal_hours` after its end.
        due = (self.now - policy.max_seal_hours * 3_600_000) // 86_400_000 - 1
        end = max([day_number(d) for d in sealed], default=start - 1)
        days, previous = {}, None
        tree, linked = first, True
        for number in range(start, max(end, due) + 1):
            day = day_text(number)
            if number < over and sealed.get(day) != {"manifests", "checkpoints"}:
                self.checked["expired days"] += 1
                self.expired_days.add(day)
                tree, linked, previous = None, False, None
                continue
            data = self.read(f"manifests/{day}.ndjson")
            if data is None:
                if "checkpoints" in sealed.get(day, ()):
                    self.find("missing_manifest", f"manifests/{day}.ndjson")
                    self.checkpoint(f"checkpoints/{day}")
                else:
                    self.find("missing_day", day)
                tree, linked, previous = None, False, None
                continue
            name = f"manifests/{day}.ndjson"
            signed = self.checkpoint(f"checkpoints/{day}")
            try:
                m = Manifest(data, policy.origin, day)
            except Bad as error:
                unknown = error.code in ("unknown_kind", "version")
                self.find("unreadable" if unknown else "altered_manifest", name, str(error))
                tree, linked, previous = signed, signed is not None, None
                continue
            self.checked["days"] += 1
            if linked and tree is not None and tree != (m.before.size, m.before.root()):
                self.find("tree_mismatch", name, "does not continue the day before")
            if signed is not None and signed != (m.after.size, m.after.root()):
                self.find("altered_manifest", name, "is not what its checkpoint signed")
            elif signed is not None and m.next_key is not None:
                self.note_key(day, m.next_key)
            if previous is not None and m.head.get("previous") != previous[0]:
                self.find("tree_mismatch", name, "names another previous manifest")
            if number == start and "previous" in m.head:
                self.find("tree_mismatch", name, "the first day names a previous manifest")
            at = time_ms(m.head["sealed_at"])
            if at < (number + 1) * 86_400_000 or (previous and at < previous[1]):
                self.find("clock_backwards", name, m.head["sealed_at"])
            if day_number(m.head["keep_until"]) - number < policy.floor:
                self.find("retention_shortened", name, f"keep_until {m.head['keep_until']}")
            past = number - day_number(m.head["kept_from"])
            if m.head["kept_from"] > policy.first_day and past < policy.floor:
                self.find("retention_shortened", name, f"kept_from {m.head['kept_from']}")
            for earlier, other in days.items():
                if other.head["keep_until"] >= day and earlier < m.head["kept_from"]:
                    self.find("retention_shortened", name, f"kept_from {m.head['kept_from']}")
                    break
            days[day] = m
            # Signed facts outrank unsigned ones for what follows.
            tree, linked = signed or (m.after.size, m.after.root()), True
            previous = (sha256(data).hex(), at)
        if self.head is not None:
            self.against_head(first, days)
        return days

    def chain_over(self, sealed):
        """The first day, as a number, whose manifest and checkpoint must be there."""
        first, year_ago = day_number(self.policy.first_day), self.now // 86_400_000 - 366
        for day in sorted((d for d in sealed if len(sealed[d]) == 2), reverse=True):
            if day_number(day) > year_ago:
                continue
            try:
                data = self.read(f"manifests/{day}.ndjson") or b""
                m = Manifest(data, self.policy.origin, day)
                note = self.read(f"checkpoints/{day}") or b""
                signed = open_checkpoint(note, self.policy.origin, self.policy.keys)
            except Bad:
                continue
            if signed == (m.after.size, m.after.root()):
                stated = day_number(m.head["kept_from"])
                return max(first, min(stated, year_ago - self.policy.floor))
        return first

    def against_head(self, first, days):
        points = {m.after.size: m.after.root() for m in days.values()} | dict([first] if first else [])
        size, root = self.head
        oldest = days[min(days)].before if days else None
        if self.expired_days and oldest is not None:
            points[oldest.size] = oldest.root()
            if 0 < size < oldest.size:
                print("not checked\thead\tits days have expired")
                return
        if size > max(points, default=0):
            self.find("rolled_back", "head", f"the head has {size} leaves")
        elif points.get(size) != root:
            self.find("diverged", "head", f"at {size} leaves")

    def objects(self, days):
        today, tomorrow = (day_text(self.now // 86_400_000 + n) for n in (0, 1))
        keep, listed = {}, {}
        for day, m in days.items():
            keep[day] = m.head["keep_until"]
            for r in m.records:
                if r["kind"] == "batch":
                    if r["key"] in listed:
                        self.find("altered_manifest", r["key"], "listed on two days")
                    listed[r["key"]] = r
                    own = batch_key(r["key"])[0]
                    until = max(keep.get(own, ""), keep[day] if own == day else "")
                    over = own in self.expired_days or bool(until) and until < today
                    self.object(r, expired=over)
                if r["kind"] == "stray":
                    listed.setdefault(r["key"], r)
                    self.find("stray_object", r["key"], r["reason"])
        newest = max(days, default=None)
        for name in self.names("entries"):
            if name in listed:
                continue
            try:
                own = batch_key(name)[0]
            except ValueError:
                own = None
            # Not sealed yet, and late ones that the next seal may still take. Of a day whose manifest
            # is missing nobody can tell; that finding stands already.
            if own and self.policy.first_day <= own <= tomorrow:
                open_from = day_number(newest) - days[newest].head["late_days"] if newest else -1
                unsealed = own not in days and own not in self.expired_days
                if unsealed or day_number(own) > open_from:
                    self.checked["pending"] += 1
                    continue
            self.find("unlisted_object", name)

    def orders(self, days):
        """Batches that an officer of the policy ordered away, by the records of all days."""
        opened = lambda note: open_note(note, self.policy.officers)
        for m in days.values():
            for r in m.records:
                if r["kind"] != "removed":
                    continue
                try:
                    if read_removal(r["order"].encode(), self.policy.origin, opened) != r["key"]:
                        raise Bad("statement", "about another batch")
                    self.removed.add(r["key"])
                except Bad as error:
                    self.find("unapproved_removal", r["key"], str(error))

    def missing(self, key):
        if key in self.removed:
            self.checked["removed"] += 1
        else:
            self.find("missing_object", key)

    def object(self, r, expired):
        key = r["key"]
        data = self.read(key)
        if data is None:
            if expired:
                self.checked["expired"] += 1
            else:
                self.missing(key)
            return
        self.checked["objects"] += 1
        day, stream, seq, digest = batch_key(key)
        if sha256(data).hex() != digest or len(data) != r["length"]:
            self.find("altered_object", key)
            return
        try:
            batch = Batch(data)
        except Bad as error:
            self.find("unreadable" if error.code == "version" else "altered_object", key, str(error))
            return
        h = batch.header
        claims = {
            n: r.get(n) for n in ("previous", "entries", "first_time", "last_time", "root", "service", "last")
        }
        place = {"origin": self.policy.origin, "day": day, "stream": stream, "seq": seq}
        for name, value in (claims | place).items():
            if h.get(name) != value:
                self.find("header_mismatch", key, name)
                return
        if self.wrapping_key is not None:
            self.entries(key, batch)

    def entries(self, key, batch):
        h = batch.header
        if h["key_id"] not in self.policy.wrapping_keys:
            self.find("foreign_key", key, h["key_id"])
            return
        stream = bytes.fromhex(h["stream"])
        try:
            wrapped = b64(h["wrapped_key"])
            data_key = unwrap(self.wrapping_key, h["key_id"], wrapped, h["origin"], stream, h["day"])
            entries = batch.open(data_key)
        except Bad as error:
            # The policy names a key that this key file does not hold: not checked, not altered.
            codes = {"foreign_key": "unreadable"} | dict.fromkeys(
                ("unwrap", "commitment", "decrypt"), "wrong_key_or_forged"
            )
            self.find(codes.get(error.code, "bad_entry"), key, str(error))
            return
        times = []
        for i, entry in enumerate(entries):
            try:
                check_entry(entry)
                times.append(strict_json(entry)["time"])
                self.checked["entries"] += 1
            except Bad as error:
                self.find("bad_entry", f"{key}#{i}", str(error))
        self.hints(key, batch, stream, entries)
        if len(times) == len(entries) and (min(times), max(times)) != (h["first_time"], h["last_time"]):
            self.find("header_mismatch", key, "its entries do not span its times")

    def hints(self, key, batch, stream, entries):
        """Made again from the entries under the secret that opens them, if it is at hand."""
        h = batch.header
        sealed, place = b64(h.get("hints", "")), (stream, h["seq"], len(entries))
        for keys in self.hint_keys if sealed else ():
            try:
                keys.open(place, sealed)
            except Bad as error:
                if error.code != "plaintext":
                    continue
            self.checked["hints"] += 1
            if keys.make(place, entries) != sealed:
                self.find("hints_mismatch", key, "its hints are not those of its entries")

    def completeness(self, days):
        """Gaps that no late batch closed, conflicts, silent services; over all manifests."""
        batches = [b for m in days.values() for b in m.batches]
        gaps, conflicts, _, _ = audit_streams(batches)
        stated = [r for m in days.values() for r in m.records if r["kind"] == "conflict"]
        for g in gaps:
            self.find("gap", f"entries/{g['day']}/{g['stream']}", f"{g['from']} to {g['to']}")
        place = lambda c: (c["day"], c["stream"], c["seq"], c["reason"])
        for day, stream, seq, reason in sorted(set(map(place, conflicts)) | set(map(place, stated))):
            self.find("conflict", f"entries/{day}/{stream}", f"{seq} {reason}")
        newest = max(days, default=None)
        for service, silent in self.policy.services.items():
            heard = [d for d, m in days.items() if any(b["service"] == service for b in m.batches)]
            last = max(heard, default=self.policy.first_day)
            if newest is not None and day_number(newest) - day_number(last) > silent:
                self.find("silent_service", service, f"last heard on {last}")


def verify(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        keys = strict_json(Path(args.keys).read_bytes()) if args.keys else None
        if keys is not None and (keys.get("kind") != "dayseal-keys" or keys.get("v") != 1):
            raise ValueError("not a key file of version 1")
        if keys is not None and keys.get("origin") != policy.origin:
            raise ValueError("keys of another log")
        if keys is not None and "wrapping_key" not in keys:
            raise ValueError("no wrapping_key in the key file")
        now = time_of(args)
        head = Path(args.head).read_bytes() if args.head else None
        head = open_checkpoint(head, policy.origin, policy.keys) if head else None
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    log = Log(args.log, policy, keys, now, head)
    log.verify()
    codes = {0}
    for code, object_, detail in log.findings:
        print(f"{code}\t{object_}\t{detail}")
        codes.add(EXIT.get(code, 1))
    if policy.require == "entries" and keys is None:
        print("not checked\tentries\tno key file, and the policy requires them")
        codes.add(3)
    print("checked\t" + " ".join(f"{k}={v}" for k, v in log.checked.items()))
    print("anchoring\t" + ("checked" if head else "not checked: no head given"))
    print("versions and locks\tnot checked: a directory has none")
    return next((c for c in (1, 5, 4, 3) if c in codes), 0)


def time_of(args):
    if args.now:
        return time_ms(args.now)
    return int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)


def verify_bundle(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        now = time_of(args)
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    def removal(data, policy):
        return read_removal(data, policy.origin, lambda note: open_note(note, policy.officers))

    bundle = Bundle(args.dir, policy, now, BundleParts(open_checkpoint, Manifest, check_entry, removal))
    for finding in bundle.findings:
        print("\t".join(finding))
    print(f"checked\tdays={bundle.days} batches={bundle.batches} entries={bundle.entries}")
    return bundle.exit_code()


def verify_proof(args):
    try:
        policy = Policy(Path(args.policy).read_text())
        data = Path(args.file).read_bytes()
    except (OSError, ValueError, Bad) as error:
        print(f"usage: {error}", file=sys.stderr)
        return 2
    try:
        parts = ProofParts(check_proof, decode_record, check_entry)
        entry, record = check_entry_proof(data, policy.origin, policy.keys, parts)
    except Bad as error:
        print(f"{error.code}\t{error.detail}")
        return 3 if error.code in ("version", "unknown_kind", "entry_version") else 1
    print(f"holds\t{record['key']}\t{'redacted' if entry is None else entry.decode()}")
    return 0


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    vectors = commands.add_parser("vectors", help="run every test vector")
    vectors.add_argument("dir", type=Path)
    check = commands.add_parser("verify", help="verify a copy of an evidence root")
    check.add_argument("log")
    check.add_argument("--policy", required=True)
    check.add_argument("--keys", help="key file with the wrapping key: also opens every entry")
    check.add_argument("--head", help="a checkpoint remembered from before")
    check.add_argument("--now", help="the time to judge by, as 2026-11-20T09:00:00.000Z")
    proof = commands.add_parser("verify-proof", help="check an entry proof")
    proof.add_argument("file")
    proof.add_argument("--policy", required=True)
    bundle = commands.add_parser("verify-bundle", help="check an evidence bundle")
    bundle.add_argument("dir")
    bundle.add_argument("--policy", required=True)
    bundle.add_argument("--now", help="the time to judge by")
    args = parser.parse_args(argv)
    if args.command == "verify-bundle":
        return verify_bundle(args)
    if args.command == "verify":
        return verify(args)
    if args.command == "verify-proof":
        return verify_proof(args)
    count, wrong, beyond = run_vectors(args.dir)
    print("\n".join(wrong + [f"{count} vectors, {len(wrong)} disagreements, {beyond} beyond this reader"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
