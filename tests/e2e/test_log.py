"""The log as it runs in an account: functions, schedules, metrics, alarms, and an attack."""

import json
import os
import pathlib
import signal
import threading
import time
import unittest

from deployment import ENDPOINT, Deployment, client, days_ago, wait_for

MAIN, DRILL = "audit.example.com/e2e/main", "audit.example.com/e2e/drill"


def setUpModule():
    global deployment, inbox
    first = days_ago(3)
    deployment = Deployment({"main": {"origin": MAIN, "first_day": first}, "drill": {"origin": DRILL, "first_day": first}})
    # Somebody listens to the topic.
    queues = client("sqs")
    inbox = queues.create_queue(QueueName="inbox")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns").subscribe(TopicArn=deployment.out["topic_arn"], Protocol="sqs", Endpoint=arn)


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
        # Set up as docs/operations.md says: apply, init, policy, first records, then let it run.
        cls.log = deployment.log("main", MAIN, days_ago(3))
        cls.log.record(days_ago(3), 40)
        cls.log.record(days_ago(1), 20)
        deployment.apply(setup=False)
        schedules = client("scheduler")
        for group in schedules.list_schedules()["Schedules"]:
            if "drill" in group["Name"]:
                own = schedules.get_schedule(Name=group["Name"], GroupName=group["GroupName"])
                keep = ("Name", "GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
                schedules.update_schedule(State="DISABLED", **{field: own[field] for field in keep})

    def test_1_a_function_answers_when_its_entries_are_stored(self):
        answer = deployment.invoke("example", {"user": "u-7", "calls": 250})
        self.assertEqual(answer, {"v": 1, "stored": 250})
        lines = self.log.run("cat", days_ago(0)).stdout.splitlines()
        ours = [line for line in lines if json.loads(line)["actor"]["id"] == "u-7"]
        self.assertEqual(len(ours), 250)

    def test_2_the_schedule_seals_every_day_and_says_so(self):
        sealed = wait_for("three days sealed", lambda: len(self.log.keys("checkpoints/2")) == 3)
        self.assertTrue(sealed)
        wait_for("the metric DaysSealed", lambda: deployment.metric("main", "DaysSealed") == 3)
        # Each day's records, and what the log records of itself.
        self.assertGreaterEqual(deployment.metric("main", "Entries"), 60)
        self.assertEqual(deployment.metric("main", "Gaps"), 0)
        self.assertLess(deployment.metric("main", "HoursSinceSeal", "Maximum"), 25)
        runs = deployment.metric("main", "DaysSealed", "SampleCount")
        wait_for("runs with nothing to do are counted too", lambda: deployment.metric("main", "DaysSealed", "SampleCount") > runs)
        self.assertEqual(deployment.metric("main", "DaysSealed"), 3)

    def test_3_the_verifier_passes_nothing_before_its_first_run(self):
        answer = deployment.invoke("verify", {"log": "main"})
        self.assertEqual((answer["exit_code"], answer["memory"]), (3, "missing"))
        self.assertEqual(wait_for_message("dayseal main: not_checked")["log"], "main")
        answer = deployment.invoke("verify", {"log": "main", "first_run": True})
        self.assertEqual((answer["exit_code"], answer["verdict"]), (0, "holds"))

    def test_4_the_schedule_verifies_and_reports(self):
        held = deployment.metric("main", "VerifyRuns")
        wait_for("a scheduled verification", lambda: deployment.metric("main", "VerifyRuns") > held, 90)
        key = max(report_keys(self.log))
        report = json.loads(client("s3").get_object(Bucket=self.log.state_bucket, Key=key)["Body"].read())
        self.assertEqual((report["exit_code"], report["memory"]), (0, "found"))
        self.assertEqual(report["forward"]["last"], days_ago(1))
        done = self.log.run("verify", "--level", "entries", "--json")
        self.assertEqual(json.loads(done.stdout)["exit_code"], 0)

    def test_5_the_deployment_is_as_its_profile_asks(self):
        # Between the apply and its end above, the schedule of the log that was not made yet may have run in vain.
        queue = {"QueueUrl": deployment.out["failed_queue_url"]}
        while given_up := client("sqs").receive_message(**queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in given_up:
                self.assertIn("drill", message["Body"])
                client("sqs").delete_message(**queue, ReceiptHandle=message["ReceiptHandle"])
        schedules = [f"--schedule={s['GroupName']}/{s['Name']}" for s in client("scheduler").list_schedules()["Schedules"] if "main" in s["Name"]]
        self.assertEqual(len(schedules), 2)
        content = deployment.out["roots"]["main"]["content"]
        args = ["check", "--profile", "soc2", "--content", content, *schedules, "--json"]
        report = json.loads(self.log.run(*args, expect=(0, 1, 3)).stdout)
        bad = {c["id"]: c["detail"] for c in report["checks"] if c["status"] != "PASS"}
        # One account, no replication, no access log; the policy expects no service yet.
        self.assertEqual(set(bad), {"B12", "B14", "P01"}, bad)
        self.assertEqual(report["exit_code"], 0)

        buckets = client("s3")
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
        report = json.loads(self.log.run(*args, expect=(1,)).stdout)
        failed = {c["id"] for c in report["checks"] if c["status"] == "FAIL"}
        self.assertEqual(failed, {name for ids in breaks for name in ids})
        buckets.put_bucket_policy(Bucket=self.log.bucket, Policy=policy)
        buckets.put_bucket_lifecycle_configuration(Bucket=self.log.bucket, LifecycleConfiguration={"Rules": rules})
        buckets.put_object_lock_configuration(Bucket=self.log.bucket, ObjectLockConfiguration=lock)
        every = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
        buckets.put_public_access_block(Bucket=self.log.bucket, PublicAccessBlockConfiguration=every)
        self.assertEqual(json.loads(self.log.run(*args).stdout)["failed"], 0)

    def test_6_a_changed_object_raises_the_alarm_until_it_is_mended(self):
        key = self.log.keys(f"entries/{days_ago(1)}/")[0]
        bucket = {"Bucket": self.log.bucket, "Key": key}
        body = client("s3").get_object(**bucket)["Body"].read()
        messages()
        version = client("s3").put_object(**bucket, Body=body[:-1] + bytes([body[-1] ^ 1]))["VersionId"]
        found = wait_for_message("dayseal main: altered", 90)
        self.assertEqual(found["exit_code"], 1)
        self.assertIn("extra_version", {f["code"] for f in found["first_findings"]})
        self.assertTrue(any(key.removeprefix("main/") in f["object"] for f in found["first_findings"]))
        self.assertNotIn("u-1", json.dumps(found), "no contents in a message")
        names = [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]]
        finding = next(n for n in names if "main" in n and "finding" in n)
        wait_for("the alarm on findings", lambda: alarm_state(finding) == "ALARM", 90)
        # The sealed version still stands: without the other one all holds again.
        client("s3").delete_object(**bucket, VersionId=version, BypassGovernanceRetention=True)
        wait_for("a run that holds", lambda: deployment.invoke("verify", {"log": "main"})["exit_code"] == 0)

    def test_7_wrong_inputs_have_names(self):
        for payload, kind in [({"log": "none"}, "Input"), ({"log": "main", "bucket": "x"}, "Input"), ({}, "Input")]:
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


class ThreeDays(unittest.TestCase):
    """A silent day, a late batch, and a sealer that is killed at its work."""

    def test_it_all_ends_in_one_true_chain(self):
        one, two, three = days_ago(3), days_ago(2), days_ago(1)
        log = deployment.log("drill", DRILL, one)
        for _ in range(60):
            log.record(one, 1)
        seal = {"log": "drill", "through": one}
        # Killed again and again, a little later each time, until a run gets through.
        killed = 0
        for delay in (0.02, 0.05, 0.1, 0.2, 0.4, 0.8):
            answers = []
            run = threading.Thread(target=lambda: answers.append(deployment.invoke("seal", seal)))
            run.start()
            time.sleep(delay)
            for pid in processes(deployment.out["function_names"]["seal"]):
                os.kill(pid, signal.SIGKILL)
            run.join()
            killed += "errorType" in answers[0]
        self.assertGreater(killed, 0, "no run was killed at its work")
        answer = deployment.invoke("seal", seal)
        self.assertEqual((answer["newest"], answer["done"]), (one, True), answer)
        self.assertEqual(len(log.keys("manifests/")), 1)

        # After the day was sealed, a producer that was cut off comes back with a batch of it.
        log.record(one, 5, actor="late")
        answer = deployment.invoke("seal", {"log": "drill", "through": two})
        self.assertEqual([day["day"] for day in answer["sealed"]], [two])
        counts = answer["sealed"][0]["counts"]
        self.assertEqual((counts["late"], counts["batches"]), (1, 1), "a silent day, and the late batch")
        log.record(three, 3)
        self.assertEqual(deployment.invoke("seal", {"log": "drill"})["newest"], three)
        twice = deployment.invoke("seal", {"log": "drill"})
        self.assertEqual((twice["sealed"], twice["done"]), ([], True))

        answer = deployment.invoke("verify", {"log": "drill", "first_run": True})
        self.assertEqual((answer["exit_code"], answer["from"], answer["to"]), (0, one, three), answer)
        done = json.loads(log.run("verify", "--level", "entries", "--json").stdout)
        self.assertEqual((done["exit_code"], done["totals"]["late"]), (0, 1))
        entries = sum(len(log.run("cat", day).stdout.splitlines()) for day in (one, two, three))
        self.assertGreaterEqual(entries, 68)


if __name__ == "__main__":
    unittest.main()
