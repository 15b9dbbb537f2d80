"""The log as it runs in an account: functions, schedules, metrics, alarms, and an attack."""

import json
import os
import pathlib
import signal
import threading
import time
import unittest

from deployment import Deployment, days_ago
from people import People, session, user_arn
from place import EMULATOR, ENDPOINT, NAME, RUN, answer_of, client, wait_for

# Metrics are kept under these names, whatever deployment they were of.
MAIN, DRILL = f"main-{RUN}", f"drill-{RUN}"
ORIGINS = {name: f"audit.example.com/e2e/{name}" for name in (MAIN, DRILL)}
OPERATOR = user_arn("operator")
MORE = f"""
  example_log              = "{MAIN}"
  producers                = {{ {MAIN} = ["{OPERATOR}"], {DRILL} = ["{OPERATOR}"] }}
  auditor_principals       = ["{OPERATOR}"]
  require_mfa              = false
  late_days                = 1
  # Not before the tests say so: the drill is run by hand.
  seal_schedule            = "cron(0 0 1 1 ? 2099)"
  verify_schedule          = "cron(0 0 1 1 ? 2099)"
"""
# Two seconds of an emulator, whose schedules' clock runs 1,800 times as fast.
SOON = "rate(1 hour)" if EMULATOR else "rate(1 minute)"


def setUpModule():
    """As docs/operations.md says: apply, init, policy, first records, apply."""
    global deployment, roles, logs, inbox
    people = People()
    unittest.addModuleCleanup(people.remove)
    operator = people.user("operator")
    admin = people.administrator("deploy", operator)
    first = days_ago(3)
    deployment = Deployment({name: {"origin": origin, "first_day": first} for name, origin in ORIGINS.items()}, admin, MORE)
    roles = {"admin": admin} | {role: session(name, operator) for role, name in (("auditor", "auditor"), (MAIN, f"producer-{MAIN}"), (DRILL, f"producer-{DRILL}"))}
    if not EMULATOR:
        unittest.addModuleCleanup(lambda: deployment.destroy(session("deploy", operator)))
    logs = {name: deployment.log(name, origin, first) for name, origin in ORIGINS.items()}
    logs[MAIN].record(days_ago(3), 40, credentials=roles[MAIN])
    logs[MAIN].record(days_ago(1), 20, credentials=roles[MAIN])
    deployment.apply(setup=False)
    # Somebody listens to the topic.
    queues, topic = client("sqs"), deployment.out["topic_arn"]
    inbox = queues.create_queue(QueueName=f"{NAME}-inbox")["QueueUrl"]
    unittest.addModuleCleanup(lambda: queues.delete_queue(QueueUrl=inbox))
    arn = queues.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    queues.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})})
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def messages():
    """Messages of the topic that are there now, each once: subject, and body as JSON."""
    got = client("sqs").receive_message(QueueUrl=inbox, MaxNumberOfMessages=10).get("Messages", [])
    for message in got:
        client("sqs").delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
    notes = [json.loads(message["Body"]) for message in got]
    return [(note.get("Subject") or "", json.loads(note["Message"])) for note in notes]


def wait_for_message(subject, seconds=60):
    def one():
        return next((body for title, body in messages() if title == subject), None)

    return wait_for(f"a message `{subject}`", one, seconds)


def alarm_state(name):
    found = client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return found[0]["StateValue"] if found else None


class TheLogRuns(unittest.TestCase):
    """In the order of the names: a deployment's first days."""

    @classmethod
    def setUpClass(cls):
        cls.log = logs[MAIN]
        schedules = client("scheduler")
        for one in schedules.list_schedules(GroupName=NAME)["Schedules"]:
            if MAIN in one["Name"]:
                own = schedules.get_schedule(Name=one["Name"], GroupName=NAME)
                keep = ("Name", "GroupName", "State", "FlexibleTimeWindow", "Target")
                schedules.update_schedule(ScheduleExpression=SOON, **{field: own[field] for field in keep})

    def test_1_a_function_answers_when_its_entries_are_stored(self):
        answer = deployment.invoke("example", {"user": "u-7", "calls": 250})
        self.assertEqual(answer, {"v": 1, "stored": 250})
        lines = self.log.run("cat", days_ago(0), credentials=roles["auditor"]).stdout.splitlines()
        ours = [line for line in lines if json.loads(line)["actor"]["id"] == "u-7"]
        self.assertEqual(len(ours), 250)

    def test_2_the_schedule_seals_every_day_and_says_so(self):
        sealed = wait_for("three days sealed", lambda: len(self.log.keys("checkpoints/2")) == 3)
        self.assertTrue(sealed)
        wait_for("the metric DaysSealed", lambda: deployment.metric(MAIN, "DaysSealed") == 3)
        # Each day's records, and what the log records of itself.
        self.assertGreaterEqual(deployment.metric(MAIN, "Entries"), 60)
        self.assertEqual(deployment.metric(MAIN, "Gaps"), 0)
        self.assertLess(deployment.metric(MAIN, "HoursSinceSeal", "Maximum"), 25)
        runs = deployment.metric(MAIN, "DaysSealed", "SampleCount")
        wait_for("runs with nothing to do are counted too", lambda: deployment.metric(MAIN, "DaysSealed", "SampleCount") > runs)
        self.assertEqual(deployment.metric(MAIN, "DaysSealed"), 3)

    def test_3_the_verifier_passes_nothing_before_its_first_run(self):
        answer = deployment.invoke("verify", {"log": MAIN})
        self.assertEqual((answer["exit_code"], answer["memory"]), (3, "missing"))
        self.assertEqual(wait_for_message(f"dayseal {MAIN}: not_checked")["log"], MAIN)
        answer = deployment.invoke("verify", {"log": MAIN, "first_run": True})
        self.assertEqual((answer["exit_code"], answer["verdict"]), (0, "holds"))

    def test_4_the_schedule_verifies_and_reports(self):
        held = deployment.metric(MAIN, "VerifyRuns")
        wait_for("a scheduled verification", lambda: deployment.metric(MAIN, "VerifyRuns") > held, 90)
        key = max(report_keys(self.log))
        report = json.loads(client("s3").get_object(Bucket=self.log.state_bucket, Key=key)["Body"].read())
        self.assertEqual((report["exit_code"], report["memory"]), (0, "found"))
        self.assertEqual(report["forward"]["last"], days_ago(1))
        done = self.log.run("verify", "--level", "entries", "--json", credentials=roles["auditor"])
        self.assertEqual(json.loads(done.stdout)["exit_code"], 0)

    def test_5_the_deployment_is_as_its_profile_asks(self):
        given_up = client("sqs", roles["admin"]).receive_message(QueueUrl=deployment.out["failed_queue_url"], MaxNumberOfMessages=10)
        self.assertEqual(given_up.get("Messages", []), [])
        schedules = [f"--schedule={s['GroupName']}/{s['Name']}" for s in client("scheduler").list_schedules(GroupName=NAME)["Schedules"] if MAIN in s["Name"]]
        self.assertEqual(len(schedules), 2)
        content = deployment.out["roots"][MAIN]["content"]
        args = ["check", "--profile", "soc2", "--content", content, *schedules, "--json"]
        report = json.loads(self.log.run(*args, expect=(0, 1, 3), credentials=roles["auditor"]).stdout)
        bad = {c["id"]: c["detail"] for c in report["checks"] if c["status"] != "PASS"}
        # One account, no replication, no access log; the policy expects no service yet.
        self.assertEqual(set(bad), {"B12", "B14", "P01"}, bad)
        self.assertEqual(report["exit_code"], 0)

        buckets = client("s3", roles["admin"])
        policy = buckets.get_bucket_policy(Bucket=self.log.bucket)["Policy"]
        rules = buckets.get_bucket_lifecycle_configuration(Bucket=self.log.bucket)["Rules"]
        lock = buckets.get_object_lock_configuration(Bucket=self.log.bucket)["ObjectLockConfiguration"]
        shorter = [{**r, **({"Expiration": {"Days": 30}} if r["ID"].endswith("entries") else {})} for r in rules]
        breaks = {
            ("B06", "B07", "B08", "B09"): lambda: buckets.delete_bucket_policy(Bucket=self.log.bucket),
            ("B10",): lambda: buckets.put_bucket_lifecycle_configuration(Bucket=self.log.bucket, LifecycleConfiguration={"Rules": shorter}),
            ("B02",): lambda: buckets.put_object_lock_configuration(
                Bucket=self.log.bucket,
                ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}},
            ),
            ("B05",): lambda: buckets.delete_public_access_block(Bucket=self.log.bucket),
        }
        for ids, broken in breaks.items():
            broken()
        self.fails(args, {name for ids in breaks for name in ids})
        buckets.put_bucket_policy(Bucket=self.log.bucket, Policy=policy)
        buckets.put_bucket_lifecycle_configuration(Bucket=self.log.bucket, LifecycleConfiguration={"Rules": rules})
        buckets.put_object_lock_configuration(Bucket=self.log.bucket, ObjectLockConfiguration=lock)
        every = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
        buckets.put_public_access_block(Bucket=self.log.bucket, PublicAccessBlockConfiguration=every)
        self.fails(args, set())

    def fails(self, args, expected):
        """Just these checks fail; in AWS a setting that was just put may be answered a little later."""
        def failed():
            report = json.loads(self.log.run(*args, expect=(0, 1, 3), credentials=roles["auditor"]).stdout)
            self.last = {c["id"] for c in report["checks"] if c["status"] == "FAIL"}
            return self.last == expected

        if EMULATOR:
            failed()
        else:
            wait_for(f"these checks fail and no others: {expected}", failed)
        self.assertEqual(self.last, expected)

    def test_6_a_changed_object_raises_the_alarm_until_it_is_mended(self):
        key = self.log.keys(f"entries/{days_ago(1)}/")[0]
        bucket = {"Bucket": self.log.bucket, "Key": key}
        body = client("s3", roles["auditor"]).get_object(**bucket)["Body"].read()
        body = body[:-1] + bytes([body[-1] ^ 1])
        if not EMULATOR:
            # In AWS nobody can: neither whoever runs this, nor the retention admin, nor the producer that wrote it.
            for credentials in (None, roles["admin"], roles[MAIN]):
                self.assertEqual(answer_of(lambda: client("s3", credentials).put_object(**bucket, Body=body)), "-")
            return
        messages()
        version = client("s3").put_object(**bucket, Body=body)["VersionId"]
        found = self.sounds("extra_version", key)
        self.assertNotIn("u-1", json.dumps(found), "no contents in a message")
        # The sealed version still stands: without the other one all holds again.
        self.mend(key, version)

    def test_7_a_stolen_producer_key_plants_an_object_in_a_sealed_day(self):
        """What a producer may do anywhere: create. The day is sealed and takes nothing late any more."""
        key = f"{self.log.prefix}/entries/{days_ago(3)}/{'0' * 32}/planted"
        put = client("s3", roles[MAIN]).put_object(Bucket=self.log.bucket, Key=key, Body=b"planted", IfNoneMatch="*")
        self.sounds("unlisted_object", key)
        self.mend(key, put["VersionId"])

    def sounds(self, code, key):
        """A message with this finding and the alarm; gives the message."""
        found = wait_for_message(f"dayseal {MAIN}: altered", 90)
        self.assertEqual(found["exit_code"], 1)
        self.assertIn(code, {f["code"] for f in found["first_findings"]})
        self.assertTrue(any(key.removeprefix(f"{MAIN}/") in f["object"] for f in found["first_findings"]))
        wait_for("the alarm on findings", lambda: alarm_state(f"{NAME}-{MAIN}-findings") == "ALARM", 90)
        return found

    def mend(self, key, version):
        """The retention admin takes one version away; then all holds, and what was said before is read."""
        admin = client("s3", roles["admin"])
        admin.delete_object(Bucket=self.log.bucket, Key=key, VersionId=version, BypassGovernanceRetention=True)
        wait_for("a run that holds", lambda: deployment.invoke("verify", {"log": MAIN}).get("exit_code") == 0)
        while messages():
            pass

    def test_8_wrong_inputs_have_names(self):
        for payload, kind in [({"log": "none"}, "Input"), ({"log": MAIN, "bucket": "x"}, "Input"), ({}, "Input")]:
            answer = deployment.invoke("seal", payload)
            self.assertEqual(answer["errorType"], kind, answer)


def report_keys(log):
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=log.state_bucket, Prefix=f"{log.name}/reports/")
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def processes(function):
    """Pids of the function's processes: its binary runs under this user."""
    found = []
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            environment = (proc / "environ").read_bytes().split(b"\0")
            program = os.readlink(proc / "exe")
        except OSError:
            continue
        name = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
        if name in environment and f"AWS_ENDPOINT_URL={ENDPOINT}".encode() in environment and program.endswith("bootstrap"):
            found.append(int(proc.name))
    return found


def interrupt(seal):
    """Disturbs the sealer at its work: killed where its process can be had, in AWS by another run at the same time."""
    answers = []
    run = [threading.Thread(target=lambda: answers.append(deployment.invoke("seal", seal))) for _ in range(7)]
    if not EMULATOR:
        for one in run[:2]:
            one.start()
        for one in run[:2]:
            one.join()
        return
    # Again and again, a little later each time, until a run gets through.
    for one, delay in zip(run, (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)):
        one.start()
        time.sleep(delay)
        for pid in processes(deployment.out["function_names"]["seal"]):
            os.kill(pid, signal.SIGKILL)
        one.join()
    assert any("errorType" in answer for answer in answers), "no run was killed at its work"


class ThreeDays(unittest.TestCase):
    """A silent day, a late batch, and a sealer that is killed at its work."""

    def test_it_all_ends_in_one_true_chain(self):
        one, two, three = days_ago(3), days_ago(2), days_ago(1)
        log = logs[DRILL]
        for _ in range(60):
            log.record(one, 1, credentials=roles[DRILL])
        seal = {"log": DRILL, "through": one}
        interrupt(seal)
        answer = deployment.invoke("seal", seal)
        self.assertEqual((answer["newest"], answer["done"]), (one, True), answer)
        self.assertEqual(len(log.keys("manifests/")), 1)

        # After the day was sealed, a producer that was cut off comes back with a batch of it.
        log.record(one, 5, actor="late", credentials=roles[DRILL])
        answer = deployment.invoke("seal", {"log": DRILL, "through": two})
        self.assertEqual([day["day"] for day in answer["sealed"]], [two])
        counts = answer["sealed"][0]["counts"]
        self.assertEqual((counts["late"], counts["batches"]), (1, 1), "a silent day, and the late batch")
        log.record(three, 3, credentials=roles[DRILL])
        self.assertEqual(deployment.invoke("seal", {"log": DRILL})["newest"], three)
        twice = deployment.invoke("seal", {"log": DRILL})
        self.assertEqual((twice["sealed"], twice["done"]), ([], True))

        answer = deployment.invoke("verify", {"log": DRILL, "first_run": True})
        self.assertEqual((answer["exit_code"], answer["from"], answer["to"]), (0, one, three), answer)
        done = json.loads(log.run("verify", "--level", "entries", "--json", credentials=roles["auditor"]).stdout)
        self.assertEqual((done["exit_code"], done["totals"]["late"]), (0, 1))
        entries = sum(len(log.run("cat", day, credentials=roles["auditor"]).stdout.splitlines()) for day in (one, two, three))
        self.assertGreaterEqual(entries, 68)


if __name__ == "__main__":
    unittest.main()
