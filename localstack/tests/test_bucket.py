"""Bucket settings made by S3's own API, as Terraform makes them, can be read back."""

import json
import unittest
from pathlib import Path

from emulator import client, unique

RULES = json.loads((Path(__file__).parents[2] / "tests/rgw/rules.json").read_text())


class Settings(unittest.TestCase):
    def test_lifecycle_encryption_lock_versions_and_policy_stick(self):
        s3, bucket = client("s3"), unique("bucket")
        key = client("kms").create_key()["KeyMetadata"]["Arn"]
        s3.create_bucket(
            Bucket=bucket, ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        lock = {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 366}},
        }
        encryption = {"Rules": [{
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
            "BucketKeyEnabled": True,
        }]}
        closed = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*", "Resource": f"arn:aws:s3:::{bucket}/*",
        }]}
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=RULES)
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=closed)
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

        self.assertEqual(s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"], RULES["Rules"])
        self.assertEqual(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"], encryption)
        self.assertEqual(s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"], lock)
        self.assertEqual(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"], closed)
        self.assertEqual(s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
        self.assertEqual(json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]), policy)
