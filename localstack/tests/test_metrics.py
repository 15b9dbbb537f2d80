"""Metrics from log lines, read back and alarming."""

import json
import unittest
from datetime import UTC, datetime, timedelta

from dayseal_localstack import emf
from emulator import client, create_function, create_queue, invoke, receive, unique

LINE = {
    "_aws": {
        "Timestamp": 1795178096000,
        "CloudWatchMetrics": [{
            "Namespace": "Dayseal",
            "Dimensions": [["log"]],
            "Metrics": [{"Name": "Findings", "Unit": "Count"}, {"Name": "Rehashed", "Unit": "Bytes"}],
        }],
    },
    "log": "main",
    "Findings": 2,
    "Rehashed": [1, 2.5],
}


class Lines(unittest.TestCase):
    def test_a_line_becomes_metric_data(self):
        same = {
            "Dimensions": [{"Name": "log", "Value": "main"}],
            "Timestamp": datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC),
            "StorageResolution": 60,
        }
        self.assertEqual(emf.metrics(json.dumps(LINE)), [("Dayseal", [
            {"MetricName": "Findings", "Unit": "Count", "Values": [2], **same},
            {"MetricName": "Rehashed", "Unit": "Bytes", "Values": [1, 2.5], **same},
        ])])

    def test_what_cloudwatch_would_refuse_is_refused(self):
        for name, change in {
            "no timestamp": {"_aws": {**LINE["_aws"], "Timestamp": None}},
            "metric not there": {"Findings": None},
            "metric is text": {"Findings": "2"},
            "metric is true": {"Findings": True},
            "metric is not a number": {"Findings": float("nan")},
            "too many values": {"Findings": [1] * 101},
            "dimension not there": {"log": None},
            "dimension is a number": {"log": 1},
        }.items():
            with self.subTest(name), self.assertRaises(ValueError):
                emf.metrics(json.dumps({**LINE, **change}))


class EndToEnd(unittest.TestCase):
    HANDLER = """
        def handle(event, headers):
            line = {line!r}
            line["_aws"]["Timestamp"] = int(time.time() * 1000)
            line["log"] = event["log"]
            print("no metric", flush=True)
            print('{{"_aws": "nonsense"}}', flush=True)
            print(json.dumps(line), flush=True)
    """.format(line=LINE)

    def statistics(self, log, metric, statistic):
        now = datetime.now(UTC)
        points = client("cloudwatch").get_metric_statistics(
            Namespace="Dayseal", MetricName=metric, Dimensions=[{"Name": "log", "Value": log}],
            StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1), Period=3600, Statistics=[statistic],
        )["Datapoints"]
        return [(point[statistic], point["Unit"]) for point in points]

    def test_metrics_can_be_read_when_the_invocation_returns(self):
        name, _ = create_function(self.HANDLER)
        log = unique("log")
        self.assertEqual(invoke(name, {"log": log}), (None, None))
        self.assertEqual(self.statistics(log, "Findings", "Sum"), [(2, "Count")])
        self.assertEqual(self.statistics(log, "Rehashed", "Sum"), [(3.5, "Bytes")])
        self.assertEqual(self.statistics(log, "Rehashed", "Maximum"), [(2.5, "Bytes")])
        self.assertEqual(self.statistics("another", "Findings", "Sum"), [])

    def test_alarm_reaches_a_queue_by_its_topic(self):
        url, queue = create_queue()
        topics, alarms, log = client("sns"), client("cloudwatch"), unique("log")
        topic = topics.create_topic(Name=unique("topic"))["TopicArn"]
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

        def alarm(metric, hours, **settings):
            alarms.put_metric_alarm(
                AlarmName=unique(metric), Namespace="Dayseal", MetricName=metric,
                Dimensions=[{"Name": "log", "Value": log}], Statistic="Sum", Period=3600, EvaluationPeriods=hours,
                DatapointsToAlarm=hours, AlarmActions=[topic], **settings,
            )

        alarm("Findings", 1, Threshold=0, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching")
        self.assertIsNone(receive(url, 3), "alarm without a finding")
        name, _ = create_function(self.HANDLER)
        invoke(name, {"log": log})
        self.assert_alarm(receive(url), "Findings")
        # Silence alarms too: a missing hour is a breach.
        alarm("VerifyRuns", 26, Threshold=1, ComparisonOperator="LessThanThreshold", TreatMissingData="breaching")
        self.assert_alarm(receive(url), "VerifyRuns")

    def assert_alarm(self, message, metric):
        self.assertIsNotNone(message, f"no alarm for {metric}")
        alarm = json.loads(json.loads(message["Body"])["Message"])
        self.assertEqual((alarm["NewStateValue"], alarm["Trigger"]["MetricName"]), ("ALARM", metric))
