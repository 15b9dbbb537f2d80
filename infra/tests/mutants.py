#!/usr/bin/env python3
"""Breaks one rule of the module at a time; the tests must fail, for that reason.

usage: mutants.py COPY     COPY is an initialised copy of infra/, which this changes and puts back.
Policies have mutants of their own (policies/mutants.mjs): these are the other settings.
"""
import pathlib
import re
import subprocess
import sys

# Test file -> (file, what stands there, what stands there instead).
MUTANTS = {
    "retention": [
        ("retention/rules.tf", "local.days >= local.profile.floor", "local.days >= local.profile.floor - 1"),
        ("retention/rules.tf", 'local.name != "sec" ||', 'local.name != "soc2" ||'),
        ("retention/rules.tf", "local.expiry_days >= local.days + local.margin", "local.expiry_days >= local.days"),
        ("retention/rules.tf", "var.retention.content_days <= local.content_ceiling", "var.retention.content_days <= 3650"),
        ("retention/rules.tf", "local.cold.days >= local.profile.hot", "local.cold.days >= 0"),
        ("retention/rules.tf", 'cold_classes = ["GLACIER", "DEEP_ARCHIVE"]', 'cold_classes = ["GLACIER"]'),
        ("retention/rules.tf", "local.cold.days < local.expiry_days", "local.cold.days <= local.expiry_days"),
        ("retention/rules.tf", "local.expiry_days + 366", "local.expiry_days"),
        ("retention/rules.tf", 'soc2        = { floor = 366,', 'soc2        = { floor = 365,'),
        ("retention/rules.tf", 'pci         = { floor = 366, hot = 90', 'pci         = { floor = 366, hot = 89'),
        ("retention/rules.tf", 'three-years = { floor = 1096', 'three-years = { floor = 1095'),
        ("retention/rules.tf", 'hipaa       = { floor = 2192', 'hipaa       = { floor = 2190'),
        ("retention/rules.tf", 'seven-years = { floor = 2557', 'seven-years = { floor = 2555'),
        ("retention/rules.tf", 'ai-act      = { floor = 184, hot = 184', 'ai-act      = { floor = 184, hot = 90'),
        ("retention/rules.tf", 'hot = 731, mode = "COMPLIANCE"', 'hot = 731, mode = "GOVERNANCE"'),
        ("retention/variables.tf", "var.retention.expiry_margin_days >= 2", "var.retention.expiry_margin_days >= 1"),
        ("retention/variables.tf", "var.retention.cold_storage.days >= 30", "var.retention.cold_storage.days >= 1"),
        ("retention/variables.tf", "floor(days) == days &&", ""),
    ],
    "storage": [
        ("storage_evidence.tf", "object_lock_enabled = true", "object_lock_enabled = false"),
        ("storage_evidence.tf", 'versioning_configuration { status = "Enabled" }', 'versioning_configuration { status = "Suspended" }'),
        ("storage_evidence.tf", "days = module.retention.days\n", "days = module.retention.days - 1\n"),
        ("storage_evidence.tf", "      noncurrent_version_expiration { noncurrent_days = 7 }\n", ""),
        ("storage_evidence.tf", "expired_object_delete_marker = true", "expired_object_delete_marker = false"),
        ("storage_evidence.tf", '"${log}/checkpoints/2"', '"${log}/checkpoints/"'),
        ("storage_evidence.tf", 'prefix = "${log}/manifests/", days = module.retention.chain_expiry_days', 'prefix = "${log}/manifests/", days = module.retention.expiry_days'),
        ("storage_evidence.tf", "kms_master_key_id = aws_kms_key.storage.arn", "kms_master_key_id = aws_kms_key.data.arn"),
        ("storage_content.tf", "expiration { days = module.retention.content_days }", "expiration { days = 3650 }"),
        ("storage_content.tf", "restrict_public_buckets = true", "restrict_public_buckets = false"),
        ("state/bucket.tf", 'versioning_configuration { status = "Enabled" }', 'versioning_configuration { status = "Suspended" }'),
        ("state/bucket.tf", 'filter { prefix = "${rule.key}/" }', 'filter { prefix = "${dirname(rule.key)}/" }'),
        ("state/bucket.tf", '["index", "reports"]', '["index", "reports", "heads"]'),
    ],
    "functions": [
        ("functions.tf", "late_days      = var.late_days", "late_days      = 3"),
        ("functions.tf", "value if log == var.example_log }", "value }"),
        ("functions.tf", "var.next_signing_key if var.next_signing_key != null", "var.next_signing_key"),
        ("functions.tf", '["next_signing_key"] : field', '[] : field'),
        ("outputs.tf", "kms = jsonencode(local.signing_key_policy)", "kms = jsonencode(local.storage_key_policy)"),
        ("schedules.tf", "<aws.scheduler.scheduled-time>", "now"),
        ("schedules.tf", "    dead_letter_config { arn = aws_sqs_queue.failed.arn }\n", ""),
        ("functions.tf", "maximum_retry_attempts       = 2", "maximum_retry_attempts       = 0"),
        ("signing_key.tf", '"ECC_NIST_EDWARDS25519"\n', '"ECC_NIST_P256"\n'),
        ("signing_key.tf", 'DeletionPolicy      = "Retain"', 'DeletionPolicy      = "Delete"'),
    ],
    "alarms": [
        ("alarms.tf", '"breaching"\n', '"missing"\n'),
        ("alarms.tf", 'metric = "VerifyRuns", statistic = "Sum", period = local.hour, periods = 26', 'metric = "VerifyRuns", statistic = "Sum", period = local.hour, periods = 48'),
        ("alarms.tf", "above = var.late_limit", "above = 100"),
        ("topic.tf", "kms_master_key_id = aws_kms_key.operations.arn", 'kms_master_key_id = "alias/aws/sns"'),
    ],
    "roles": [
        ("roles.tf", "condition = local.with_mfa }\n      eraser", "condition = {} }\n      eraser"),
        ("policy_roles.tf", '"s3:ListBucket", "s3:ListBucketVersions"', '"s3:ListBucket", "s3:PutObjectTagging", "s3:ListBucketVersions"'),
    ],
    "refusals": [
        ("functions.tf", "length(value)]) < 4096", "length(value)]) < 40960"),
        ("variables.tf", 'name != "policies"', 'name != ""'),
        ("variables.tf", "var.next_signing_key == null ? true : can(regex", "var.next_signing_key == null ? true : true || can(regex"),
    ],
}
# The test said no; anything else, such as a typing error in a mutant, proves nothing.
REASONS = re.compile(r"Test assertion failed|Missing expected failure|Resource precondition failed|Invalid index")


def main() -> int:
    copy = pathlib.Path(sys.argv[1]).resolve()
    survived = 0
    for test, mutants in MUTANTS.items():
        for name, old, new in mutants:
            path = copy / name
            text = path.read_text()
            if text.count(old) < 1:
                print(f"FAIL {name} has no {old!r}: correct this list")
                return 1
            path.write_text(text.replace(old, new, 1))
            try:
                run = subprocess.run(
                    ["terraform", f"-chdir={copy}", "test", "-no-color", f"-filter=tests/{test}.tftest.hcl"],
                    capture_output=True, text=True, check=False,
                )
            finally:
                path.write_text(text)
            output = run.stdout + run.stderr
            if run.returncode == 0 or not REASONS.search(output):
                survived += 1
                print(f"SURVIVED {name}: {old!r} -> {new!r}\n{output[-600:] if run.returncode else ''}")
    total = sum(map(len, MUTANTS.values()))
    print(f"module mutants: {total}, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
