"""Who may do what, as a table, and the request behind each of its verbs."""

import json
import uuid

from place import ACCOUNT, client

# ok: done · -: refused for want of the right · there: 412, it is there already · locked: 403, the lock holds · .: not asked
#
# `admin` is the retention admin after setup, `dba` another administrator; both may do everything by their own policy.
# Their reads of evidence are not asked: the storage key refuses those, which only the policy matrix and AWS show.
# A place is a bucket and a key; NEW is a key that is not there, OLD an object that is, made for that request.
TABLE = """
verb            place                                  producer  sealer  verifier  auditor  eraser  admin  dba
create          evidence/main/entries/NEW              ok        -       -         -        ok      -      -
create          evidence/main/entries/OLD              there     -       -         -        there   -      -
create          evidence/other/entries/NEW             -         -       -         -        ok      -      -
create          evidence/main/manifests/NEW            -         ok      -         -        -       -      -
create          evidence/main/manifests/OLD            -         there   -         -        -       -      -
create          evidence/main/checkpoints/NEW          -         ok      -         -        -       -      -
create          evidence/main/log.json                 -         -       -         -        -       -      -
create          evidence/main/NEW                      -         -       -         -        -       ok     ok
create          content/main/content/NEW               ok        -       -         -        -       ok     ok
create          content/main/content/OLD               there     -       -         -        -       there  there
create          content/other/content/NEW              -         -       -         -        -       ok     ok
create          state/main/heads/NEW                   -         ok      -         -        -       ok     -
create          state/main/verifier/NEW                -         -       ok        -        -       ok     -
create          state/main/reports/NEW                 -         -       ok        -        -       ok     -
create          state/main/index/NEW                   -         ok      -         -        -       ok     -
create          state/main/erasures/NEW                -         -       -         -        ok      ok     -
create          state/main/holds/NEW                   -         -       -         -        ok      ok     -
create          state/main/removals/NEW                -         -       -         -        ok      ok     -
create          state/policies/NEW                     -         -       -         -        -       ok     -
overwrite       evidence/main/entries/OLD              -         -       -         -        -       -      -
overwrite       evidence/main/manifests/OLD            -         -       -         -        -       -      -
overwrite       evidence/main/OLD                      -         -       -         -        -       -      -
overwrite       content/main/content/OLD               -         -       -         -        -       -      -
overwrite       state/main/heads/OLD                   -         -       -         -        -       -      -
overwrite       state/main/verifier/OLD                -         -       -         -        -       -      -
overwrite       state/main/reports/OLD                 -         -       ok        -        -       ok     -
overwrite       state/policies/OLD                     -         -       -         -        -       ok     -
swap            evidence/main/entries/OLD              -         -       -         -        -       -      -
swap            evidence/main/manifests/OLD            -         -       -         -        -       -      -
swap            content/main/content/OLD               -         -       -         -        ok      -      -
swap            state/main/heads/OLD                   -         ok      -         -        -       ok     -
swap            state/main/verifier/OLD                -         -       ok        -        -       ok     -
swap            state/policies/OLD                     -         -       -         -        -       ok     -
other-key       evidence/main/entries/NEW              -         -       -         -        -       -      -
other-key       evidence/main/NEW                      -         -       -         -        -       -      -
s3-own-key      evidence/main/NEW                      -         -       -         -        -       -      -
own-key         evidence/main/NEW                      -         -       -         -        -       -      -
other-key       content/main/content/NEW               -         -       -         -        -       -      -
s3-own-key      content/main/content/NEW               -         -       -         -        -       -      -
own-key         content/main/content/NEW               -         -       -         -        -       -      -
read            evidence/main/entries/OLD              -         ok      ok        ok       -       .      .
read-version    evidence/main/entries/OLD              -         ok      ok        ok       -       .      .
read            content/main/content/OLD               -         -       -         -        ok      -      -
read            state/main/heads/OLD                   -         ok      ok        ok       -       ok     ok
read            state/main/verifier/OLD                -         -       ok        ok       -       ok     ok
read            state/policies/OLD                     -         -       ok        ok       -       ok     ok
list            evidence/                              -         ok      ok        ok       -       ok     ok
list-versions   evidence/                              -         ok      ok        ok       -       ok     ok
list            content/                               -         -       -         -        ok      ok     ok
list            state/                                 -         ok      ok        ok       ok      ok     ok
delete          evidence/main/entries/OLD              -         -       -         -        -       ok     -
delete          evidence/main/manifests/OLD            -         -       -         -        -       ok     -
delete          content/main/content/OLD               -         -       -         -        ok      ok     -
delete          state/main/heads/OLD                   -         -       -         -        -       ok     -
delete          state/policies/OLD                     -         -       -         -        -       ok     -
delete-version  evidence/main/entries/OLD              -         -       -         -        -       locked -
delete-version  state/main/heads/OLD                   -         -       -         -        -       ok     -
bypass-lock     evidence/main/entries/OLD              -         -       -         -        -       ok     -
bypass-lock     evidence/main/manifests/OLD            -         -       -         -        -       ok     -
hold            evidence/main/entries/OLD              -         -       -         -        -       ok     -
set-policy      evidence/                              -         -       -         -        -       ok     -
set-policy      content/                               -         -       -         -        -       ok     -
set-policy      state/                                 -         -       -         -        -       ok     -
read-policy     evidence/                              -         -       -         ok       -       ok     ok
sign            signing                                -         ok      -         -        -       -      -
sign-prehashed  signing                                -         -       -         -        -       -      -
public-key      signing                                -         ok      -         ok       -       ok     ok
make-data-key   data/main                              ok        -       -         -        ok      -      -
make-data-key   data/other                             -         -       -         -        ok      -      -
make-data-key   data/stranger                          -         -       -         -        -       -      -
decrypt         data/main                              -         -       -         ok       -       -      -
decrypt         data/other                             -         -       -         ok       -       -      -
decrypt         data/stranger                          -         -       -         -        -       -      -
make-data-key   storage/main                           -         -       -         -        -       -      -
decrypt         storage/main                           -         -       -         -        -       -      -
grant           data/main                              -         -       -         -        -       -      -
destroy         data/main                              -         -       -         -        -       .      -
destroy         signing                                -         -       -         -        -       .      -
read-secret     main                                   ok        -       -         -        -       -      -
read-secret     other                                  -         -       -         -        -       -      -
publish         topic                                  -         -       ok        -        -       ok     ok
invoke          seal                                   -         -       -         -        -       ok     ok
invoke          verify                                 -         -       -         -        -       ok     ok
"""

# Who puts what is there before a request, by the beginning of its place.
OWNERS = {
    "evidence/main/entries/": "producer",
    "evidence/main/manifests/": "sealer",
    "evidence/main/checkpoints/": "sealer",
    "evidence/main/": "admin",
    "content/main/content/": "producer",
    "state/main/heads/": "sealer",
    "state/main/index/": "sealer",
    "state/main/verifier/": "verifier",
    "state/main/reports/": "verifier",
    "state/policies/": "admin",
}


def cells(table):
    """(the words before the roles, role, expected) of every cell of a table."""
    head, *lines = (line.split() for line in table.strip().splitlines())
    first = head.index("producer")
    for line in lines:
        assert len(line) == len(head), line
        for role, expected in zip(head[first:], line[first:]):
            if expected != ".":
                yield line[:first], role, expected


class Requests:
    """One request for each verb. What must be there before is put there by the role that may."""

    def __init__(self, deployment, origins, roles):
        """`roles`: credentials by the table's names, and of the other log's producer."""
        out = deployment.out
        self.roles = roles
        self.buckets = {name: out[f"{name}_bucket"] for name in ("evidence", "content", "state")}
        self.keys = {"signing": out["signing_key_arn"], "data": out["data_key_arn"], "storage": out["storage_key_arn"]}
        self.contexts = {log: {"dayseal-origin": origin} for log, origin in {**origins, "stranger": "elsewhere.example.com"}.items()}
        self.secrets, self.topic, self.functions = out["log_secret_arns"], out["topic_arn"], out["function_names"]
        for arn in self.secrets.values():
            client("secretsmanager").put_secret_value(SecretId=arn, SecretString="a secret")
        self.policies = {name: client("s3").get_bucket_policy(Bucket=bucket)["Policy"] for name, bucket in self.buckets.items()}
        self.wrapped = {}
        for log, role in (("main", "producer"), ("other", "other-producer")):
            kms = client("kms", roles[role])
            made = kms.generate_data_key(KeyId=self.keys["data"], EncryptionContext=self.contexts[log], KeySpec="AES_256")
            self.wrapped[log] = made["CiphertextBlob"]

    def put_old(self, place, name, key):
        """An object that is there before the request."""
        owner = next(role for start, role in OWNERS.items() if place.startswith(start))
        return client("s3", self.roles[owner]).put_object(Bucket=self.buckets[name], Key=key, Body=b"old", IfNoneMatch="*")

    def request(self, verb, place, credentials):
        """What to call for this cell."""
        name, _, path = place.partition("/")
        if name in self.buckets:
            act = self.of_bucket if not path else self.of_object
            return act(verb, client("s3", credentials), name, path)
        if name in self.keys:
            return self.of_key(verb, client("kms", credentials), name, path)
        if verb == "read-secret":
            return lambda: client("secretsmanager", credentials).get_secret_value(SecretId=self.secrets[place])
        if verb == "invoke":
            return lambda: client("lambda", credentials).invoke(FunctionName=self.functions[place], InvocationType="DryRun")
        assert (verb, place) == ("publish", "topic"), (verb, place)
        return lambda: client("sns", credentials).publish(TopicArn=self.topic, Message="{}")

    def of_bucket(self, verb, s3, name, _path):
        bucket = {"Bucket": self.buckets[name]}
        return {
            "list": lambda: s3.list_objects_v2(**bucket, MaxKeys=1),
            "list-versions": lambda: s3.list_object_versions(**bucket, MaxKeys=1),
            "read-policy": lambda: s3.get_bucket_policy(**bucket),
            "set-policy": lambda: s3.put_bucket_policy(**bucket, Policy=self.policies[name]),
        }[verb]

    def of_object(self, verb, s3, name, path):
        key = path.replace("NEW", uuid.uuid4().hex).replace("OLD", uuid.uuid4().hex)
        it = {"Bucket": self.buckets[name], "Key": key}
        old = self.put_old(f"{name}/{path}", name, key) if path.endswith("OLD") else {}
        new = {**it, "Body": b"new", "IfNoneMatch": "*"}
        version, etag = {"VersionId": old.get("VersionId")}, old.get("ETag")
        return {
            "create": lambda: s3.put_object(**new),
            "overwrite": lambda: s3.put_object(**it, Body=b"new"),
            "swap": lambda: s3.put_object(**it, Body=b"new", IfMatch=etag),
            # Encrypted otherwise than under the storage key: another KMS key, S3's own keys, a key of the caller's.
            "other-key": lambda: s3.put_object(**new, ServerSideEncryption="aws:kms", SSEKMSKeyId=self.keys["data"]),
            "s3-own-key": lambda: s3.put_object(**new, ServerSideEncryption="AES256"),
            "own-key": lambda: s3.put_object(**new, SSECustomerAlgorithm="AES256", SSECustomerKey=b"k" * 32),
            "read": lambda: s3.get_object(**it),
            "read-version": lambda: s3.get_object(**it, **version),
            "delete": lambda: s3.delete_object(**it),
            "delete-version": lambda: s3.delete_object(**it, **version),
            "bypass-lock": lambda: s3.delete_object(**it, **version, BypassGovernanceRetention=True),
            "hold": lambda: s3.put_object_legal_hold(**it, **version, LegalHold={"Status": "ON"}),
        }[verb]

    def of_key(self, verb, kms, name, log):
        key = {"KeyId": self.keys[name]}

        def sign(algorithm):
            return lambda: kms.sign(**key, Message=b"note\n", MessageType="RAW", SigningAlgorithm=algorithm)

        return {
            "sign": sign("ED25519_SHA_512"),
            "sign-prehashed": sign("ED25519_PH_SHA_512"),
            "public-key": lambda: kms.get_public_key(**key),
            "make-data-key": lambda: kms.generate_data_key(**key, EncryptionContext=self.contexts[log], KeySpec="AES_256"),
            "decrypt": lambda: kms.decrypt(**key, EncryptionContext=self.contexts[log], CiphertextBlob=self.wrapped.get(log, self.wrapped["main"])),
            "grant": lambda: kms.create_grant(**key, GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:root", Operations=["Decrypt"]),
            "destroy": lambda: kms.schedule_key_deletion(**key, PendingWindowInDays=30),
        }[verb]
