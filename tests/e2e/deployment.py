"""infra/ applied to an account, and what tests ask of it: the functions, the command, metrics, messages."""

import base64
import datetime
import glob
import json
import os
import pathlib
import shutil
import subprocess

from place import ACCOUNT, EMULATOR, NAME, REGION, answer_of, client, environment
from people import role_arn

TOP = pathlib.Path(__file__).resolve().parents[2]
ZIPS = TOP / ".tools/e2e/zips"

ROOT = """
provider "aws" {
  region                      = "%(region)s"
  skip_credentials_validation = %(emulator)s
  skip_metadata_api_check     = %(emulator)s
  s3_use_path_style           = %(emulator)s
  max_retries                 = %(retries)s
}
variable "setup" { type = bool }
module "dayseal" {
  source                   = "../module"
  name                     = "%(name)s"
  account_id               = "%(account)s"
  region                   = "%(region)s"
  logs                     = jsondecode(%(logs)s)
  retention                = { profile = "soc2" }
  retention_admin_role_arn = "%(admin)s"
  artifacts                = { directory = "%(zips)s" }
  architecture             = "%(arch)s"
  reserved_concurrency     = -1
  setup                    = var.setup
%(more)s
}
output "dayseal" { value = module.dayseal }
"""


def days_ago(days):
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days)).strftime("%Y-%m-%d")


def provider_mirror():
    """A folder of provider plugins: named, or where such things are put; None leaves it to the registry."""
    named = os.environ.get("TF_PLUGIN_DIR")
    folders = [named] if named else glob.glob("/opt/*") + ["/usr/share/terraform/plugins"]
    return next((f for f in folders if glob.glob(f"{f}/*/hashicorp/aws")), None)


class Deployment:
    def __init__(self, logs, credentials, more=""):
        """`credentials` apply it: a session of the role `deploy`. `more` are further lines of the module's call."""
        self.credentials = credentials
        self.work = TOP / f".tools/e2e/run-{NAME}"
        self.module, self.root = self.work / "module", self.work / "root"
        self.root.mkdir(parents=True)
        shutil.copytree(TOP / "infra", self.module, ignore=shutil.ignore_patterns("tests", "examples", ".terraform*"))
        for file in self.module.rglob("*.tf"):
            # What a log must never lose, a test may.
            file.write_text(file.read_text().replace("prevent_destroy = true", "prevent_destroy = false"))
        arch = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
        values = {"name": NAME, "region": REGION, "account": ACCOUNT, "admin": role_arn("deploy"), "zips": ZIPS, "arch": arch, "more": more}
        how = {"emulator": json.dumps(EMULATOR), "retries": 2 if EMULATOR else 10}
        (self.root / "main.tf").write_text(ROOT % {**values, **how, "logs": json.dumps(json.dumps(logs))})
        self.terraform("init", "-input=false")
        self.apply(setup=True)

    def terraform(self, *args):
        config = self.root / "cli.tfrc"
        mirror = provider_mirror()
        place = f'filesystem_mirror {{\n path = "{mirror}"\n }}' if mirror else "direct {}"
        config.write_text(f"provider_installation {{\n {place}\n}}\n")
        env = {**environment(self.credentials), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_CONFIG_FILE": str(config)}
        done = subprocess.run(["terraform", *args], cwd=self.root, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"terraform {args[0]}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def apply(self, setup):
        self.terraform("apply", "-no-color", "-auto-approve", "-input=false", f"-var=setup={json.dumps(setup)}")
        self.out = json.loads(self.terraform("output", "-json"))["dayseal"]["value"]

    def change(self, line, setup=False):
        """Applies it with one more line of the module's call, or without any if `line` is empty."""
        main = self.root / "main.tf"
        kept = [one for one in main.read_text().splitlines() if not one.endswith("# changed")]
        if line:
            kept.insert(kept.index("output \"dayseal\" { value = module.dayseal }") - 1, f"  {line} # changed")
        main.write_text("\n".join(kept) + "\n")
        self.apply(setup)

    def destroy(self, credentials):
        """All of it, by the retention admin: locked versions too, which its role may remove before time."""
        for bucket in ("evidence", "content", "state"):
            # S3 refuses to bypass locks where there are none.
            empty(self.out[f"{bucket}_bucket"], client("s3", credentials), {"BypassGovernanceRetention": True} if bucket == "evidence" else {})
        self.credentials = credentials
        self.terraform("destroy", "-no-color", "-auto-approve", "-input=false", "-var=setup=false")
        # Its stack leaves it, as it should.
        client("kms", credentials).schedule_key_deletion(KeyId=self.out["signing_key_arn"], PendingWindowInDays=7)

    def log(self, name, origin, first_day):
        return Log(self, name, origin, first_day)

    def invoke(self, function, payload=None):
        """The answer, or the error with its type, and the last log lines."""
        answer = client("lambda").invoke(
            FunctionName=self.out["function_names"][function], Payload=json.dumps(payload or {}).encode(), LogType="Tail"
        )
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            body["log"] = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        return body

    def metric(self, log, name, statistic="Sum"):
        """A metric of the functions over the last hours; None if there is none."""
        now = datetime.datetime.now(datetime.UTC)
        found = client("cloudwatch").get_metric_statistics(
            Namespace="Dayseal", MetricName=name, Dimensions=[{"Name": "log", "Value": log}],
            StartTime=now - datetime.timedelta(hours=3), EndTime=now + datetime.timedelta(hours=1), Period=86400, Statistics=[statistic],
        )["Datapoints"]
        values = [point[statistic] for point in found]
        return {"Sum": sum, "Maximum": max, "Minimum": min, "SampleCount": sum}[statistic](values) if values else None


def empty(bucket, s3, bypass):
    """Every version and marker of a bucket, past locks and holds."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            one = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            removed = answer_of(lambda: s3.delete_object(**one, **bypass))
            if removed == "locked":
                s3.put_object_legal_hold(**one, LegalHold={"Status": "OFF"})
                removed = answer_of(lambda: s3.delete_object(**one, **bypass))
            if removed != "ok":
                raise AssertionError(f"{bucket}/{version['Key']} stays: {removed}")


class Log:
    """One log of a deployment, with the command's configuration for it."""

    def __init__(self, deployment, name, origin, first_day):
        out = deployment.out
        self.name, self.dir, self.credentials = name, deployment.work / f"log-{name}", deployment.credentials
        roots = out["roots"][name]
        self.origin, self.first_day, self.content = origin, first_day, roots["content"]
        self.bucket, self.prefix = roots["evidence"].removeprefix("s3://").split("/", 1)
        self.state_bucket = out["state_bucket"]
        keys = ["--signing-key", out["signing_key_arn"], "--wrapping-key", out["data_key_arn"]]
        places = ["--evidence", roots["evidence"], "--state", roots["state"]]
        self._run(["init", str(self.dir), "--origin", origin, "--first-day", first_day, *places, *keys])
        policy = (self.dir / "policy").read_bytes()
        client("s3", self.credentials).put_object(Bucket=self.state_bucket, Key=f"policies/{name}", Body=policy)

    def _run(self, args, expect=(0,), text=None, credentials=None):
        env = {**environment(credentials or self.credentials), "DAYSEAL_S3_PATH_STYLE": json.dumps(EMULATOR)}
        done = subprocess.run([os.environ["DAYSEAL"], *args], env=env, input=text, capture_output=True, text=True)
        if done.returncode not in expect:
            raise AssertionError(f"dayseal {' '.join(args)}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done

    def run(self, *args, expect=(0,), text=None, credentials=None):
        """The command with the log's configuration, as who deployed it if no other credentials are given."""
        return self._run(["--config", str(self.dir / "dayseal.toml"), *args], expect, text, credentials)

    def record(self, day, count, actor="u-1", credentials=None):
        """Records as if it were noon of that day."""
        event = {"type": "data.read", "actor": {"id": actor, "type": "user"}, "action": "open", "outcome": "success"}
        lines = "".join(json.dumps(event) + "\n" for _ in range(count))
        self.run("--now", f"{day}T12:00:00.000Z", "record", text=lines, credentials=credentials)

    def with_contents(self):
        """Goes on with a configuration that keeps contents; its log secret is in a file, whoever uses it."""
        secret = self.dir / "secret"
        self._run(["init", str(secret), "--origin", self.origin, "--first-day", self.first_day])
        config = (self.dir / "dayseal.toml").read_text()
        config = f'content = "{self.content}"\nlog_secret = "{secret}/keys.json"\n{config}\n[privacy]\npseudonyms = true\ncontent = "store"\n'
        (self.dir / "dayseal.toml").write_text(config)

    def keys(self, below):
        pages = client("s3", self.credentials).get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}/{below}")
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
