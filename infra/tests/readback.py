#!/usr/bin/env python3
"""Compares what an emulator says of itself with what Terraform declares: readback.py DECLARED.json

DECLARED.json is `terraform show -json` of a plan made after the apply. An emulator may accept a setting and forget it: CREATE proves nothing.
Endpoint and credentials come from the environment, as AWS tools take them.
"""
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

FAILURES: list[str] = []
CHECKS = 0


def check(what: str, found, expected) -> None:
    global CHECKS
    CHECKS += 1
    if found != expected:
        FAILURES.append(f"{what}: expected {expected!r}, found {found!r}")


def resources(module: dict):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def ask(call, **arguments):
    try:
        return call(**arguments)
    except ClientError as error:
        return {"Error": error.response["Error"]["Code"]}


def normal(policy) -> str:
    return json.dumps(json.loads(policy) if isinstance(policy, str) else policy, sort_keys=True)


def lifecycle(rule: dict) -> dict:
    """One rule as S3 answers it, without fields that say nothing."""
    found = {"id": rule.get("ID"), "status": rule.get("Status"), "prefix": rule.get("Filter", {}).get("Prefix", rule.get("Prefix")) or ""}
    expiration = rule.get("Expiration", {})
    found["days"] = expiration.get("Days")
    found["marker"] = bool(expiration.get("ExpiredObjectDeleteMarker", False))
    found["noncurrent"] = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    found["abort"] = rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation")
    found["moves"] = [(move.get("Days"), move.get("StorageClass")) for move in rule.get("Transitions", [])]
    return found


def declared(rule: dict) -> dict:
    """The same of a rule as Terraform has it."""
    first = lambda name: (rule.get(name) or [{}])[0]  # noqa: E731
    return {
        "id": rule["id"], "status": rule["status"], "prefix": first("filter").get("prefix") or "",
        "days": first("expiration").get("days") or None, "marker": bool(first("expiration").get("expired_object_delete_marker")),
        "noncurrent": first("noncurrent_version_expiration").get("noncurrent_days"),
        "abort": first("abort_incomplete_multipart_upload").get("days_after_initiation"),
        "moves": [(move["days"], move["storage_class"]) for move in rule.get("transition") or []],
    }


def main() -> int:
    clients: dict = {}

    def aws(service: str):
        if service not in clients:
            config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3})
            clients[service] = boto3.client(service, config=config)
        return clients[service]

    s3 = aws("s3")
    all_resources = list(resources(json.load(open(sys.argv[1], encoding="utf-8"))["planned_values"]["root_module"]))
    versioned = {r["values"]["bucket"] for r in all_resources if r["type"] == "aws_s3_bucket_versioning"}
    for resource in all_resources:
        kind, address, values = resource["type"], resource["address"], resource["values"]
        if kind == "aws_s3_bucket":
            name = values["bucket"]
            check(f"{address} versioning", ask(s3.get_bucket_versioning, Bucket=name).get("Status"), "Enabled" if name in versioned else None)
            lock = ask(s3.get_object_lock_configuration, Bucket=name).get("ObjectLockConfiguration", {}).get("ObjectLockEnabled")
            check(f"{address} lock", lock, "Enabled" if values["object_lock_enabled"] else None)
        elif kind == "aws_s3_bucket_object_lock_configuration":
            found = ask(s3.get_object_lock_configuration, Bucket=values["bucket"]).get("ObjectLockConfiguration", {})
            want = values["rule"][0]["default_retention"][0]
            check(address, found.get("Rule", {}).get("DefaultRetention"), {"Mode": want["mode"], "Days": want["days"]})
        elif kind == "aws_s3_bucket_lifecycle_configuration":
            found = ask(s3.get_bucket_lifecycle_configuration, Bucket=values["bucket"]).get("Rules", [])
            key = lambda rule: rule["id"] or ""  # noqa: E731
            check(address, sorted(map(lifecycle, found), key=key), sorted(map(declared, values["rule"]), key=key))
        elif kind == "aws_s3_bucket_server_side_encryption_configuration":
            rules = ask(s3.get_bucket_encryption, Bucket=values["bucket"]).get("ServerSideEncryptionConfiguration", {}).get("Rules", [{}])
            found, want = rules[0].get("ApplyServerSideEncryptionByDefault", {}), values["rule"][0]["apply_server_side_encryption_by_default"][0]
            check(address, (found.get("SSEAlgorithm"), found.get("KMSMasterKeyID") or "", bool(rules[0].get("BucketKeyEnabled"))),
                  (want["sse_algorithm"], want["kms_master_key_id"] or "", bool(values["rule"][0]["bucket_key_enabled"])))
        elif kind == "aws_s3_bucket_public_access_block":
            found = ask(s3.get_public_access_block, Bucket=values["bucket"]).get("PublicAccessBlockConfiguration")
            check(address, found, dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True))
        elif kind == "aws_s3_bucket_ownership_controls":
            found = ask(s3.get_bucket_ownership_controls, Bucket=values["bucket"]).get("OwnershipControls", {}).get("Rules")
            check(address, found, [{"ObjectOwnership": "BucketOwnerEnforced"}])
        elif kind == "aws_s3_bucket_policy":
            check(address, normal(ask(s3.get_bucket_policy, Bucket=values["bucket"]).get("Policy", "{}")), normal(values["policy"]))
        elif kind == "aws_kms_key":
            check(f"{address} policy", normal(ask(aws("kms").get_key_policy, KeyId=values["arn"], PolicyName="default").get("Policy", "{}")), normal(values["policy"]))
            check(f"{address} rotation", ask(aws("kms").get_key_rotation_status, KeyId=values["arn"]).get("KeyRotationEnabled"), True)
        elif kind == "aws_iam_role_policy":
            found = ask(aws("iam").get_role_policy, RoleName=values["role"], PolicyName=values["name"]).get("PolicyDocument", {})
            check(address, normal(found), normal(values["policy"]))
        elif kind == "aws_iam_role":
            check(address, normal(ask(aws("iam").get_role, RoleName=values["name"]).get("Role", {}).get("AssumeRolePolicyDocument", {})), normal(values["assume_role_policy"]))
        elif kind == "aws_lambda_function":
            found = ask(aws("lambda").get_function_configuration, FunctionName=values["function_name"])
            check(address, (found.get("Runtime"), found.get("Timeout"), found.get("MemorySize"), found.get("Environment", {}).get("Variables")),
                  ("provided.al2023", values["timeout"], values["memory_size"], values["environment"][0]["variables"]))
        elif kind == "aws_scheduler_schedule":
            found = ask(aws("scheduler").get_schedule, Name=values["name"], GroupName=values["group_name"])
            target, want = found.get("Target", {}), values["target"][0]
            check(address, (found.get("ScheduleExpression"), found.get("State"), target.get("Arn"), target.get("Input"), target.get("DeadLetterConfig", {}).get("Arn")),
                  (values["schedule_expression"], values["state"], want["arn"], want["input"], want["dead_letter_config"][0]["arn"]))
        elif kind == "aws_cloudwatch_metric_alarm":
            found = (ask(aws("cloudwatch").describe_alarms, AlarmNames=[values["alarm_name"]]).get("MetricAlarms") or [{}])[0]
            check(address, (found.get("MetricName"), found.get("Namespace"), found.get("Threshold"), found.get("TreatMissingData"), found.get("AlarmActions")),
                  (values["metric_name"], values["namespace"], values["threshold"], values["treat_missing_data"], list(values["alarm_actions"])))
        elif kind == "aws_sns_topic_policy":
            found = ask(aws("sns").get_topic_attributes, TopicArn=values["arn"]).get("Attributes", {}).get("Policy", "{}")
            check(address, normal(found), normal(values["policy"]))
    for failure in FAILURES:
        print(f"NOT AS DECLARED {failure}"[:1500])
    print(f"read back: {CHECKS} settings, {len(FAILURES)} not as declared")
    return 1 if FAILURES or CHECKS < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
