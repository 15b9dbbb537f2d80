"""The scheduler: expressions by table, firing on LocalStack. A minute of its clock is a second here (run.sh)."""

import json
import time
import unittest
from datetime import UTC, datetime, timedelta

from dayseal_localstack.schedule_times import next_fire
from emulator import ROLE, client, create_function, create_queue, eventually, log_lines, receive, unique



class Expressions(unittest.TestCase):
    AFTER = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)  # a Friday

    def test_table(self):
        for expression, zone, expected in (
            ("rate(5 minutes)", "UTC", "2026-11-20T12:39:56"),
            ("rate(1 day)", "UTC", "2026-11-21T12:34:56"),
            ("at(2026-11-20T12:34:57)", "UTC", "2026-11-20T12:34:57"),
            ("at(2026-11-20T14:00:00)", "Europe/Berlin", "2026-11-20T13:00:00"),
            ("at(2026-11-20T12:34:56)", "UTC", None),
            ("cron(* * * * ? *)", "UTC", "2026-11-20T12:35:00"),
            ("cron(5 1 * * ? *)", "UTC", "2026-11-21T01:05:00"),
            ("cron(5 1 * * ? *)", "America/New_York", "2026-11-21T06:05:00"),
            ("cron(0/15 12 * * ? *)", "UTC", "2026-11-20T12:45:00"),
            ("cron(0 6 ? * 2 *)", "UTC", "2026-11-23T06:00:00"),  # 2 is Monday
            ("cron(0 6 ? * MON-WED,FRI *)", "UTC", "2026-11-23T06:00:00"),
            ("cron(0 0 1 jan,jul ? *)", "UTC", "2027-01-01T00:00:00"),
            ("cron(0 0 29 2 ? *)", "UTC", "2028-02-29T00:00:00"),
            ("cron(30 2 28 MAR ? 2027)", "Europe/Berlin", None),  # skipped: clocks go forward
            ("cron(0 0 1 1 ? 2020)", "UTC", None),
        ):
            with self.subTest(expression=expression, zone=zone):
                got = next_fire(expression, zone, self.AFTER)
                self.assertEqual(got and got.isoformat(), expected and expected + "+00:00")

    def test_what_is_not_read_is_refused(self):
        for expression in (
            "rate(0 minutes)", "rate(1 week)", "cron(0 0 L * ? *)", "cron(60 0 * * ? *)", "cron(0 0 ? * 0 *)",
            "cron(* * * * *)", "every day",
        ):
            with self.subTest(expression=expression), self.assertRaises(ValueError):
                next_fire(expression, "UTC", self.AFTER)


class Fires(unittest.TestCase):
    def schedule(self, expression, target, **settings):
        name, schedules = unique("schedule"), client("scheduler")
        arn = schedules.create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"RoleArn": ROLE, **target},
            **settings,
        )["ScheduleArn"]
        self.addCleanup(lambda: name in self.names() and schedules.delete_schedule(Name=name))
        return name, arn

    def names(self):
        return [each["Name"] for each in client("scheduler").list_schedules()["Schedules"]]

    def test_rate_invokes_a_function_again_and_again_with_the_time_filled_in(self):
        name, function = create_function("def handle(event, headers): print('got', event['scheduled_time'], flush=True)")
        # As raw text, for json.dumps is fine with < and >, and Terraform's jsonencode is not.
        self.schedule("rate(1 minute)", {"Arn": function, "Input": '{"scheduled_time":"<aws.scheduler.scheduled-time>"}'})
        began = time.monotonic()
        got = eventually(lambda: len(lines := [x for x in log_lines(name) if x.startswith("got ")]) >= 3 and lines, 15)
        self.assertTrue(got, log_lines(name))
        self.assertGreater(time.monotonic() - began, 2)  # sped up, not all at once
        times = [datetime.strptime(line, "got %Y-%m-%dT%H:%M:%SZ") for line in got]
        self.assertEqual({b - a for a, b in zip(times, times[1:])}, {timedelta(minutes=1)})

    def test_cron_at_and_disabled(self):
        url, arn = create_queue()
        at = (datetime.now(UTC) + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%S")
        self.schedule("rate(1 minute)", {"Arn": arn, "Input": "disabled"}, State="DISABLED")
        self.schedule("rate(1 minute)", {"Arn": arn, "Input": "over"}, EndDate=datetime.now(UTC) - timedelta(days=1))
        self.schedule(f"at({at})", {"Arn": arn, "Input": "not yet"})
        self.schedule("cron(* * * * ? *)", {"Arn": arn, "Input": "cron <aws.scheduler.scheduled-time>"})
        for _ in range(2):
            message = receive(url)
            self.assertRegex(message and message["Body"], r"^cron \d{4}-\d\d-\d\dT\d\d:\d\d:00Z$")

    def test_at_fires_once_and_may_delete_itself(self):
        url, arn = create_queue()
        # The fast clock is ahead of ours by 59 times its age, which another schedule tells.
        self.schedule("rate(1 minute)", {"Arn": arn, "Input": "<aws.scheduler.scheduled-time>"})
        fast_now = datetime.fromisoformat(receive(url)["Body"])
        other_url, other = create_queue()
        name, _ = self.schedule(
            f"at({(fast_now + timedelta(minutes=4)).strftime('%Y-%m-%dT%H:%M:%S')})",
            {"Arn": other, "Input": "once"},
            ActionAfterCompletion="DELETE",
        )
        self.assertEqual(receive(other_url)["Body"], "once")
        self.assertTrue(eventually(lambda: name not in self.names()))
        self.assertIsNone(receive(other_url, 3))

    def test_an_unreachable_target_is_retried_and_ends_in_the_dead_letter_queue(self):
        url, arn = create_queue()
        gone = "arn:aws:lambda:eu-west-1:000000000000:function:" + unique("gone")
        _, schedule = self.schedule("rate(5 minutes)", {
            "Arn": gone,
            "Input": '{"attempt":<aws.scheduler.attempt-number>}',
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": arn},
        })
        message = receive(url, 45)
        self.assertIsNotNone(message, "nothing in the dead-letter queue")
        self.assertEqual(json.loads(message["Body"]), {"attempt": 3})
        attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
        self.assertEqual(attributes["RETRY_ATTEMPTS"], "2")
        self.assertEqual(attributes["EXHAUSTED_RETRY_CONDITION"], "MaximumRetryAttempts")
        self.assertEqual(attributes["ERROR_CODE"], "ResourceNotFoundException")
        self.assertEqual((attributes["TARGET_ARN"], attributes["SCHEDULE_ARN"]), (gone, schedule))
