"""MiniStack as ministack.sh starts it: requests are refused for want of rights, and KMS signs with Ed25519."""

import json
import os
import unittest
import uuid

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_der_public_key

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
ALGORITHM = "ED25519_SHA_512"


def client(service, credentials=None, **config):
    return boto3.client(
        service,
        endpoint_url=os.environ["ENDPOINT"],
        region_name="eu-west-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **config),
        **(credentials or ROOT),
    )


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def allow(action, resource):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def session_of_role(*statements):
    """Credentials of a session of a new role with these rights, taken up by a user who may do that alone."""
    iam, role, user = client("iam"), unique("role"), unique("user")
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=role, PolicyName="rights", PolicyDocument=policy(*statements))
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="rights", PolicyDocument=policy(allow("sts:AssumeRole", arn)))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    sts = client("sts", {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]})
    taken = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": taken["AccessKeyId"],
        "aws_secret_access_key": taken["SecretAccessKey"],
        "aws_session_token": taken["SessionToken"],
    }


class Authorization(unittest.TestCase):
    def assert_refused(self, act, code="AccessDenied"):
        with self.assertRaises(ClientError) as refused:
            act()
        self.assertEqual(refused.exception.response["Error"]["Code"], code)

    def setUp(self):
        self.s3, self.bucket = client("s3"), unique("bucket")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.s3.put_object(Bucket=self.bucket, Key="entries/a", Body=b"a")

    def put(self, credentials, key, **more):
        return client("s3", credentials).put_object(Bucket=self.bucket, Key=key, Body=b"b", **more)

    def get(self, credentials):
        return client("s3", credentials).get_object(Bucket=self.bucket, Key="entries/a")["Body"].read()

    def test_a_role_does_what_it_may_and_nothing_else(self):
        nobody = session_of_role()
        producer = session_of_role(allow("s3:PutObject", f"arn:aws:s3:::{self.bucket}/entries/*"))
        auditor = session_of_role(allow("s3:GetObject", f"arn:aws:s3:::{self.bucket}/*"))
        self.assert_refused(lambda: self.get(nobody))
        self.assert_refused(lambda: self.put(nobody, "entries/b"))
        self.put(producer, "entries/b")
        self.assert_refused(lambda: self.put(producer, "manifests/b"))
        self.assert_refused(lambda: self.get(producer))
        self.assertEqual(self.get(auditor), b"a")
        self.assert_refused(lambda: client("s3", auditor).delete_object(Bucket=self.bucket, Key="entries/a"))

    def test_a_denial_of_the_bucket_wins(self):
        everything = session_of_role(allow("*", "*"))
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=policy({
            "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject*", "Resource": f"arn:aws:s3:::{self.bucket}/*",
        }))
        self.assertEqual(self.get(everything), b"a")
        self.assert_refused(lambda: client("s3", everything).delete_object(Bucket=self.bucket, Key="entries/a"))

    def test_a_wrong_secret_is_refused(self):
        forged = {**session_of_role(allow("*", "*")), "aws_secret_access_key": "x" * 40}
        self.assert_refused(lambda: self.get(forged), "SignatureDoesNotMatch")

    def test_an_unsigned_request_is_refused(self):
        self.assert_refused(
            lambda: client("s3", signature_version=UNSIGNED).get_object(Bucket=self.bucket, Key="entries/a")
        )

    def test_kms_signs_for_who_may_and_the_signature_verifies_offline(self):
        kms = client("kms")
        key = kms.create_key(KeySpec="ECC_NIST_EDWARDS25519", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        sealer = session_of_role(allow(["kms:Sign", "kms:GetPublicKey"], key))
        auditor = session_of_role(allow("kms:GetPublicKey", key))

        def sign(credentials):
            return client("kms", credentials).sign(
                KeyId=key, Message=b"note\n", MessageType="RAW", SigningAlgorithm=ALGORITHM
            )["Signature"]

        signature = sign(sealer)
        public = client("kms", auditor).get_public_key(KeyId=key)["PublicKey"]
        self.assertEqual(public[:12].hex(), "302a300506032b6570032100")  # RFC 8410
        load_der_public_key(public).verify(signature, b"note\n")
        with self.assertRaises(InvalidSignature):
            load_der_public_key(public).verify(signature, b"note")
        self.assert_refused(lambda: sign(auditor), "AccessDeniedException")


if __name__ == "__main__":
    unittest.main()
