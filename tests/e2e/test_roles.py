"""Each role with real requests, on an emulator that enforces its rights: what it must do, and what it is refused."""

import base64
import json
import unittest

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from deployment import ACCOUNT, ROOT_KEY, Deployment, client, days_ago
from rights import Requests, answer_of, rows, statements

ORIGINS = {"main": "audit.example.com/roles/main", "other": "audit.example.com/roles/other"}
# Role names of the table, as the module has them.
NAMES = {"producer": "producer-main", "sealer": "sealer", "verifier": "verifier", "auditor": "auditor", "eraser": "eraser"}
AUDIT = f"arn:aws:iam::{ACCOUNT}:user/audit"
SERVICE = f"arn:aws:iam::{ACCOUNT}:user/service"
MORE = f"""
  producers                = {{ main = ["{SERVICE}"] }}
  auditor_principals       = ["{AUDIT}"]
  eraser_principals        = ["{AUDIT}"]
  require_mfa              = false
"""


def user(name):
    """Keys of a new user who may assume any role that lets it."""
    iam = client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="assume", PolicyDocument=statements(("sts:AssumeRole", "*")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def administrator(name):
    """A session of a role that may do everything by its own policy."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    client("iam").put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=statements(("*", "*")))
    return session(name, users["audit"])


def session(role, credentials):
    taken = client("sts", credentials).assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="test")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def setUpModule():
    """As docs/operations.md says, by the retention admin: apply, init, policy, apply."""
    global deployment, log, users, roles
    users = {name: user(name) for name in ("audit", "service", "stranger")}
    roles = {"admin": administrator("deploy"), "dba": administrator("dba")}
    logs = {name: {"origin": origin, "first_day": days_ago(2)} for name, origin in ORIGINS.items()}
    deployment = Deployment(logs, roles["admin"], MORE)
    log = deployment.log("main", ORIGINS["main"], days_ago(2))
    deployment.apply(setup=False)
    # Sealer and verifier are Lambda's alone: the root key stands in for the service.
    takers = {"producer": users["service"], "auditor": users["audit"], "eraser": users["audit"]}
    roles |= {role: session(f"dayseal-{name}", takers.get(role, ROOT_KEY)) for role, name in NAMES.items()}


class Roles(unittest.TestCase):
    """In the order of the names: the log runs, each part of it by its own role."""

    def cannot(self, role, *args, words):
        """The command ends with 3 and names what it was refused."""
        done = log.run(*args, expect=(3,), credentials=roles[role])
        for word in words:
            self.assertIn(word, done.stdout + done.stderr)

    def test_1_roles_are_assumed_by_whom_they_are_for(self):
        takers = {"service": {"producer-main"}, "audit": {"auditor", "eraser"}, "stranger": set()}
        for name in ["producer-main", "producer-other", "sealer", "verifier", "auditor", "eraser", "scheduler"]:
            for taker, may in takers.items():
                with self.subTest(role=name, by=taker):
                    answer = answer_of(lambda: session(f"dayseal-{name}", users[taker]))
                    self.assertEqual(answer, "ok" if name in may else "-")

    def test_2_the_producer_records_and_cannot_read(self):
        for day in (days_ago(2), days_ago(1)):
            log.record(day, 30, credentials=roles["producer"])
        for role in ("sealer", "verifier", "auditor", "eraser", "admin", "dba"):
            self.cannot(role, "record", "--durable", words=["kms:GenerateDataKey"]) if False else None
        self.assertEqual(len(log.keys("entries/")), 2)

    def test_3_the_sealer_signs_in_kms_and_the_signature_verifies_offline(self):
        done = log.run("seal", "--json", credentials=roles["sealer"])
        sealed = json.loads(done.stdout)["sealed"]
        self.assertEqual([(day["day"], day["counts"]["entries"] >= 30) for day in sealed], [(days_ago(2), True), (days_ago(1), True)])

        note = client("s3").get_object(Bucket=log.bucket, Key=f"main/checkpoints/{days_ago(1)}")["Body"].read()
        text, _, signature = note.partition(b"\n\n")
        name, signed = signature.decode().removeprefix("\u2014 ").split()
        # A signed note: four bytes of key id, then the signature over the text with its last line end.
        signed = base64.b64decode(signed)
        printed = json.loads(log.run("policy", "print", "--json").stdout)["verifier_keys"][0]
        key_name, key_id, material = printed.split("+", 2)
        self.assertEqual((name, signed[:4].hex()), (ORIGINS["main"], key_id))
        self.assertEqual((key_name, base64.b64decode(material)[0]), (ORIGINS["main"], 1), "Ed25519")
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(material)[1:])
        public.verify(signed[4:], text + b"\n")
        with self.assertRaises(InvalidSignature):
            public.verify(signed[4:], text.replace(b"\n", b" \n", 1) + b"\n")
        in_kms = client("kms", roles["auditor"]).get_public_key(KeyId=deployment.out["signing_key_arn"])["PublicKey"]
        self.assertEqual(load_der_public_key(in_kms), public)


if __name__ == "__main__":
    unittest.main()
