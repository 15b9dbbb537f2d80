"""rules.json executed by a real lifecycle engine, on a versioned bucket with Object Lock.

$ENDPOINT is a Ceph RGW (start.sh) whose day lasts $DAY seconds, $DAYSEAL the command. A log that the command
wrote, one of its two batches locked beyond its expiry, is watched until nothing is left to expire. The tests judge
what was seen. (One bucket and few prefixes: RGW spends 0.6 s on each and ends a pass when a day is over, so that
the last would never have their turn.)
"""

import json
import os
import subprocess
import tempfile
import time
import unittest
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
ENDPOINT, DAY, DAYSEAL = os.environ["ENDPOINT"], float(os.environ["DAY"]), os.environ["DAYSEAL"]
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}
BUCKET = "evidence"
RULES = json.loads((HERE / "rules.json").read_text())
ENTRIES = next(rule for rule in RULES["Rules"] if rule["ID"] == "main-entries")
EXPIRY = ENTRIES["Expiration"]["Days"]
NONCURRENT = ENTRIES["NoncurrentVersionExpiration"]["NoncurrentDays"]
LOCK = EXPIRY + NONCURRENT + 14  # days; so that at its end the lock alone keeps the version
PATIENCE = 90  # days until all must be over

s3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    config=Config(  # Ceph 16 knows nothing of S3's newer checksums
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    ),
)


class Log:
    """The log `main` in the bucket, its state in a directory. Its two batches are of 16 November."""

    def __init__(self, folder):
        self._folder = folder
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DAYSEAL_"))}
        self._env = {**clean, **KEYS, "DAYSEAL_S3_ENDPOINT": ENDPOINT, "DAYSEAL_S3_REGION": "us-east-1",
                     "DAYSEAL_S3_PATH_STYLE": "true", "DAYSEAL_CONFIG": f"{folder}/log/dayseal.toml"}

    def write(self):
        del self._env["DAYSEAL_CONFIG"]  # there is none yet
        self._must("2026-11-16T08:00:00.000Z", "init", f"{self._folder}/log", "--origin", "audit.example.com/main",
                   "--evidence", f"s3://{BUCKET}/main", "--state", f"{self._folder}/state",
                   "--retention-days", "2", "--late-days", "0")
        self._env["DAYSEAL_CONFIG"] = f"{self._folder}/log/dayseal.toml"
        for hour in (14, 15):
            self._must(f"2026-11-16T{hour}:00:00.000Z", "record", str(HERE.parent / "demo/events.ndjson"))
        self._must("2026-11-17T02:00:00.000Z", "seal")
        self._must("2026-11-18T02:00:00.000Z", "seal")  # a day without entries

    def verify_in_retention(self):
        """On 18 November, the last day on which the batches must be there."""
        return self._verify("2026-11-18T03:00:00.000Z")

    def verify_after_retention(self):
        return self._verify("2026-11-19T03:00:00.000Z")

    def _verify(self, now):
        """Exit code, expired batches, codes of findings."""
        head = Path(self._folder, "head")
        head.unlink(missing_ok=True)
        done = self._run(now, "verify", "--json", "--known-head", str(head), "--first-run")
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"verify ended with {done.returncode}: {done.stderr}") from None
        return done.returncode, report["totals"]["expired"], [finding["code"] for finding in report["findings"]]

    def _must(self, now, *args):
        done = self._run(now, *args)
        if done.returncode:
            raise AssertionError(f"dayseal {' '.join(args)} ended with {done.returncode}: {done.stderr}")

    def _run(self, now, *args):
        return subprocess.run([DAYSEAL, "--now", now, *args], env=self._env, capture_output=True, text=True, timeout=60)


def states():
    """Key to state: `current`, `marked` (a marker over a version), `marker` (alone); keys that are gone are left out."""
    page = s3.list_object_versions(Bucket=BUCKET)
    assert not page["IsTruncated"]
    versions = {v["Key"] for v in page.get("Versions", [])}
    marked = {m["Key"] for m in page.get("DeleteMarkers", [])}
    return {key: "current" if key not in marked else "marked" if key in versions else "marker" for key in versions | marked}


class Lifecycle(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.began = time.monotonic()
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=RULES)
        cls.log = Log(folder.name)
        cls.log.write()
        locked, free = (key for key in states() if key.endswith(".batch"))
        cls.entries = {"locked": locked, "free": free}
        cls.version = s3.head_object(Bucket=BUCKET, Key=locked)["VersionId"]
        lock_end = cls.began + LOCK * DAY
        s3.put_object_retention(Bucket=BUCKET, Key=locked, VersionId=cls.version, Retention={
            "Mode": "COMPLIANCE",
            "RetainUntilDate": datetime.now(UTC) + timedelta(seconds=lock_end - time.monotonic()),
        })
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key="main/entries/b")["UploadId"]
        s3.upload_part(Bucket=BUCKET, Key="main/entries/b", UploadId=upload, PartNumber=1, Body=b"b")
        cls.kept = cls.all_but_entries(states())
        cls.watch()

    @classmethod
    def all_but_entries(cls, seen):
        return {key: state for key, state in seen.items() if key not in cls.entries.values()}

    @classmethod
    def watch(cls):
        """Until all is over; `seen` says at which second each state of each batch, and of the upload, was first seen."""
        cls.seen, cls.verified, cls.changed = {}, {}, []
        while not all((what, "gone") in cls.seen for what in (*cls.entries, "upload")):
            at = time.monotonic() - cls.began
            if at > PATIENCE * DAY:
                raise AssertionError(f"not over after {PATIENCE} days; seen so far: {cls.seen}")
            now = states()
            upload = "current" if s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads") else "gone"
            cls.seen.setdefault(("upload", upload), at)
            if cls.all_but_entries(now) != cls.kept:
                cls.changed.append(now)
            for batch, key in cls.entries.items():
                state = now.get(key, "gone")
                if (batch, state) not in cls.seen:
                    cls.seen[batch, state] = at
                    print(f"day {at / DAY:5.1f}  {batch:6}  {state}", flush=True)
                    if batch == "locked":
                        cls.verified[state] = cls.log.verify_in_retention(), cls.log.verify_after_retention()
                    if (batch, state) == ("locked", "marked"):
                        cls.refusal = cls.delete_locked()
            time.sleep(DAY / 10)

    @classmethod
    def delete_locked(cls):
        try:
            s3.delete_object(Bucket=BUCKET, Key=cls.entries["locked"], VersionId=cls.version)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    def assert_order(self, batch):
        states = [state for of, state in self.seen if of == batch]
        # A pass may take version and marker at once.
        self.assertIn(states, (["current", "marked", "gone"], ["current", "marked", "marker", "gone"]))

    def test_an_object_is_marked_then_deleted_then_forgotten(self):
        self.assert_order("free")
        self.assertGreaterEqual(self.seen["free", "marked"], EXPIRY * DAY)
        self.assertGreaterEqual(self.seen["free", "gone"], (EXPIRY + NONCURRENT) * DAY)

    def test_the_lock_keeps_the_version_until_its_end(self):
        self.assertLess(self.seen["free", "gone"], LOCK * DAY, "this run does not show what the lock does")
        self.assertEqual(self.refusal, "AccessDenied")
        self.assert_order("locked")
        gone = self.seen.get(("locked", "marker"), self.seen["locked", "gone"])
        self.assertGreaterEqual(gone, LOCK * DAY)

    def test_manifests_checkpoints_and_log_json_stay(self):
        self.assertEqual(self.changed, [])
        days = ("2026-11-16", "2026-11-17")
        names = ["log.json", "checkpoints/first"]
        names += [name for day in days for name in (f"checkpoints/{day}", f"manifests/{day}.ndjson")]
        self.assertEqual(self.kept, {f"main/{name}": "current" for name in names})

    def test_an_unfinished_upload_is_aborted(self):
        self.assertEqual([state for what, state in self.seen if what == "upload"], ["current", "gone"])
        print(f"day {self.seen['upload', 'gone'] / DAY:5.1f}  upload  gone")

    def test_verify_says_expired_after_the_retention_and_missing_within_it(self):
        within = {state: results[0] for state, results in self.verified.items()}
        after = {state: results[1] for state, results in self.verified.items()}
        self.assertEqual(within["current"], (0, 0, []))
        self.assertEqual(within["marked"], (1, 0, ["delete_marker"] * 2))
        self.assertEqual(within["gone"], (4, 0, ["missing_object"] * 2))
        self.assertEqual(after["current"], (0, 0, []))
        self.assertEqual(after["marked"], (0, 0, []))  # the versions are still there, so they are read
        if "marker" in after:
            self.assertEqual(after["marker"][0::2], (0, []))
        self.assertEqual(after["gone"], (0, 2, []))


if __name__ == "__main__":
    unittest.main()
