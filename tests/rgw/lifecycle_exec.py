"""rules.json executed by a real lifecycle engine, on a versioned bucket with Object Lock.

$ENDPOINT is a Ceph RGW (start.sh) whose day lasts $DAY seconds, $DAYSEAL the command. Two buckets are
watched until nothing is left to expire: `evidence` with a log that the command wrote, its batch locked
beyond its expiry, and `plain` with objects under the same names without a lock. The tests judge what was seen.
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
RULES = json.loads((HERE / "rules.json").read_text())
EXPIRY = next(r["Expiration"]["Days"] for r in RULES["Rules"] if r["ID"] == "main-entries")
NONCURRENT = next(r["NoncurrentVersionExpiration"]["NoncurrentDays"] for r in RULES["Rules"] if r["ID"] == "main-entries")
LOCK = EXPIRY + NONCURRENT + 8  # days; so that the lock alone keeps the version
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
    """A log in the bucket `evidence`, its state in a directory. Its one batch is of 16 November."""

    def __init__(self, folder):
        self._folder = folder
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DAYSEAL_"))}
        self._env = {**clean, **KEYS, "DAYSEAL_S3_ENDPOINT": ENDPOINT, "DAYSEAL_S3_REGION": "us-east-1",
                     "DAYSEAL_S3_PATH_STYLE": "true", "DAYSEAL_CONFIG": f"{folder}/log/dayseal.toml"}

    def write(self):
        del self._env["DAYSEAL_CONFIG"]  # there is none yet
        self._must("2026-11-16T08:00:00.000Z", "init", f"{self._folder}/log", "--origin", "audit.example.com/main",
                   "--evidence", "s3://evidence/main", "--state", f"{self._folder}/state",
                   "--retention-days", "1", "--late-days", "0")
        self._env["DAYSEAL_CONFIG"] = f"{self._folder}/log/dayseal.toml"
        self._must("2026-11-16T14:00:00.000Z", "record", str(HERE.parent / "demo/events.ndjson"))
        self._must("2026-11-17T02:00:00.000Z", "seal")
        self._must("2026-11-18T02:00:00.000Z", "seal")  # a day without entries

    def verify(self, now):
        """Exit code, expired batches, codes of findings."""
        done = self._run(now, "verify", "--json", "--known-head", f"{self._folder}/head-{now}", "--first-run")
        try:
            report = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"verify ended with {done.returncode}: {done.stderr}") from None
        return done.returncode, report["totals"]["expired"], [finding["code"] for finding in report["findings"]]

    def verify_in_retention(self):
        """On 17 November, the last day on which the batch must be there."""
        return self._forget(self.verify, "2026-11-17T03:00:00.000Z")

    def verify_after_retention(self):
        return self._forget(self.verify, "2026-11-18T03:00:00.000Z")

    def _forget(self, verify, now):
        result = verify(now)
        Path(f"{self._folder}/head-{now}").unlink(missing_ok=True)
        return result

    def _must(self, now, *args):
        done = self._run(now, *args)
        if done.returncode:
            raise AssertionError(f"dayseal {' '.join(args)} ended with {done.returncode}: {done.stderr}")

    def _run(self, now, *args):
        return subprocess.run([DAYSEAL, "--now", now, *args], env=self._env, capture_output=True, text=True, timeout=60)


def states(bucket):
    """Key to state: `current`, `marked` (a marker over a version), `marker` (alone); keys that are gone are left out."""
    page = s3.list_object_versions(Bucket=bucket)
    assert not page["IsTruncated"]
    versions = {v["Key"] for v in page.get("Versions", [])}
    marked = {m["Key"] for m in page.get("DeleteMarkers", [])}
    return {key: "current" if key not in marked else "marked" if key in versions else "marker" for key in versions | marked}


def make_bucket(name):
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration=RULES)


class Lifecycle(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.began = time.monotonic()
        make_bucket("evidence")
        make_bucket("plain")
        cls.log = Log(folder.name)
        cls.log.write()
        cls.batch, = (key for key in states("evidence") if key.endswith(".batch"))
        cls.version = s3.head_object(Bucket="evidence", Key=cls.batch)["VersionId"]
        cls.lock_end = cls.began + LOCK * DAY
        s3.put_object_retention(Bucket="evidence", Key=cls.batch, VersionId=cls.version, Retention={
            "Mode": "COMPLIANCE",
            "RetainUntilDate": datetime.now(UTC) + timedelta(seconds=cls.lock_end - time.monotonic()),
        })
        for key in ("main/log.json", "main/entries/a", "main/manifests/a", "main/checkpoints/first", "main/checkpoints/2026-11-16"):
            s3.put_object(Bucket="plain", Key=key, Body=b"a")
        upload = s3.create_multipart_upload(Bucket="plain", Key="main/entries/b")["UploadId"]
        s3.upload_part(Bucket="plain", Key="main/entries/b", UploadId=upload, PartNumber=1, Body=b"b")
        cls.kept = {bucket: {k: v for k, v in states(bucket).items() if "/entries/" not in k} for bucket in ("evidence", "plain")}
        cls.uploads = []
        cls.watch()

    @classmethod
    def watch(cls):
        """Fills `seen`: (bucket, state) to seconds since the beginning, in the order of first sight; verifies at each state."""
        cls.seen, cls.verified, cls.strange = {}, {}, []
        entries = {"evidence": cls.batch, "plain": "main/entries/a"}
        while not all((bucket, "gone") in cls.seen for bucket in entries):
            if time.monotonic() - cls.began > PATIENCE * DAY:
                raise AssertionError(f"not over after {PATIENCE} days; seen so far: {cls.seen}")
            for bucket, key in entries.items():
                now = states(bucket)
                if {k: v for k, v in now.items() if k != key} != cls.kept[bucket]:
                    cls.strange.append((bucket, now))
                state = now.get(key, "gone")
                if (bucket, state) not in cls.seen:
                    cls.seen[bucket, state] = time.monotonic() - cls.began
                    if bucket == "evidence":
                        cls.verified[state] = cls.log.verify_in_retention(), cls.log.verify_after_retention()
                        if state == "marked":
                            cls.probe_lock()
            cls.uploads.append(len(s3.list_multipart_uploads(Bucket="plain").get("Uploads", [])))
            time.sleep(DAY / 10)
        for (bucket, state), seconds in cls.seen.items():
            print(f"day {seconds / DAY:5.1f}  {bucket:8}  {state}")

    @classmethod
    def probe_lock(cls):
        try:
            s3.delete_object(Bucket="evidence", Key=cls.batch, VersionId=cls.version)
            cls.refusal = None
        except ClientError as error:
            cls.refusal = error.response["Error"]["Code"]

    def order(self, bucket):
        return [state for where, state in self.seen if where == bucket]

    def test_an_object_is_marked_then_deleted_then_forgotten(self):
        # The marker may go within the same pass as the last version, or one later.
        self.assertIn(self.order("plain"), (["current", "marked", "gone"], ["current", "marked", "marker", "gone"]))
        self.assertGreaterEqual(self.seen["plain", "marked"], EXPIRY * DAY)
        self.assertGreaterEqual(self.seen["plain", "gone"], (EXPIRY + NONCURRENT) * DAY)

    def test_the_lock_keeps_the_version_until_its_end(self):
        self.assertLess(self.seen["plain", "gone"], LOCK * DAY, "the control did not show that without the lock it would be gone")
        self.assertEqual(self.refusal, "AccessDenied")
        self.assertIn(self.order("evidence"), (["current", "marked", "gone"], ["current", "marked", "marker", "gone"]))
        first_after = min(at for (bucket, state), at in self.seen.items() if bucket == "evidence" and state in ("marker", "gone"))
        self.assertGreaterEqual(first_after, LOCK * DAY)

    def test_manifests_checkpoints_and_log_json_stay(self):
        self.assertEqual(self.strange, [])
        self.assertEqual(len(self.kept["plain"]), 4)
        self.assertIn("main/manifests/2026-11-16.ndjson", self.kept["evidence"])

    def test_an_unfinished_upload_is_aborted(self):
        self.assertEqual((self.uploads[0], self.uploads[-1]), (1, 0))

    def test_verify_says_expired_after_the_retention_and_missing_within_it(self):
        codes = {state: {code for code in within[2]} for state, (within, _) in self.verified.items()}
        after = {state: after for state, (_, after) in self.verified.items()}
        self.assertEqual(self.verified["current"][0], (0, 0, []))
        self.assertEqual(after["current"][0::2], (0, []))
        self.assertEqual(after["marked"][0::2], (0, []))
        self.assertEqual(after["gone"], (0, 1, []))
        self.assertEqual((self.verified["gone"][0][0], codes["gone"]), (4, {"missing_object"}))
        self.assertEqual((self.verified["marked"][0][0], codes["marked"]), (1, {"delete_marker"}))


if __name__ == "__main__":
    unittest.main()
