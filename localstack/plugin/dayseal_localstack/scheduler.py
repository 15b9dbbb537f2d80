"""EventBridge Scheduler that fires; LocalStack's free edition only stores schedules.

DAYSEAL_SCHEDULER_SPEEDUP=N (default 1) makes its clock, which starts at the true time, run N times as fast:
for rate(), cron(), at(), start and end dates, scheduled-time and retries alike.
Not done: flexible time windows (it fires at their start) and roles.
"""

import dataclasses
import heapq
import itertools
import logging
import os
import threading
import time
from datetime import UTC, datetime, timedelta

from localstack.runtime import hooks

from .schedule_targets import Delivery
from .schedule_times import next_fire

LOG = logging.getLogger(__name__)
LONGEST_BACKOFF = timedelta(hours=1)


class Clock:
    def __init__(self, speedup):
        self.speedup = speedup
        self._start = time.time()

    def of(self, true_seconds):
        """What it shows at this true time, in seconds since 1970."""
        return datetime.fromtimestamp(self._start + (true_seconds - self._start) * self.speedup, UTC)

    def now(self):
        return self.of(time.time())


class Scheduler:
    def __init__(self, clock):
        self._clock = clock
        self._due = {}  # (ARN, last change) -> when it fires next, None: never again
        self._retries = []  # heap of (when, counter, Delivery)
        self._counter = itertools.count()
        self._stop = threading.Event()

    def start(self):
        threading.Thread(target=self._loop, name="dayseal-scheduler", daemon=True).start()

    def stop(self):
        self._stop.set()

    def _loop(self):
        tick = min(1.0, max(0.05, 1 / self._clock.speedup))
        while not self._stop.wait(tick):
            try:
                self._fire_due()
                while self._retries and self._retries[0][0] <= self._clock.now():
                    self._deliver(heapq.heappop(self._retries)[2])
            except Exception:  # a schedule that cannot be read must not silence the others for good
                LOG.exception("scheduler")

    def _fire_due(self):
        seen = set()
        for account, region, group, schedule in _stored_schedules():
            key = (schedule.arn, schedule.last_modified_date)
            seen.add(key)
            try:
                self._fire(key, account, region, group, schedule)
            except ValueError as error:
                self._due[key] = None
                LOG.warning("schedule %s never fires here: %s", schedule.arn, error)
        for key in self._due.keys() - seen:
            del self._due[key]

    def _fire(self, key, account, region, group, schedule):
        def following(after):
            return next_fire(schedule.schedule_expression, schedule.schedule_expression_timezone, after)

        now = self._clock.now()
        if key not in self._due:
            self._due[key] = following(self._clock.of(schedule.last_modified_date))
        while (when := self._due[key]) and when <= now:
            self._due[key] = following(when)
            if schedule.state != "ENABLED" or not _in_force(schedule, when):
                continue
            self._deliver(Delivery(schedule.arn, schedule.target, account, region, scheduled=when))
            if self._due[key] is None and schedule.action_after_completion == "DELETE":
                group.schedules.pop(schedule.name, None)

    def _deliver(self, delivery):
        try:
            delivery.send()
        except Exception as error:  # whatever the target's service says
            policy = delivery.target["RetryPolicy"]
            age = self._clock.now() - delivery.scheduled
            if delivery.attempt > policy.get("MaximumRetryAttempts", 185):
                delivery.bury(error, "MaximumRetryAttempts")
            elif age.total_seconds() > policy.get("MaximumEventAgeInSeconds", 86400):
                delivery.bury(error, "MaximumEventAgeInSeconds")
            else:
                backoff = min(timedelta(seconds=2 ** min(delivery.attempt, 12)), LONGEST_BACKOFF)
                again = dataclasses.replace(delivery, attempt=delivery.attempt + 1)
                heapq.heappush(self._retries, (self._clock.now() + backoff, next(self._counter), again))


def _stored_schedules():
    from moto.scheduler.models import scheduler_backends

    for account, regions in list(scheduler_backends.items()):
        for region, backend in list(regions.items()):
            for group in list(backend.schedule_groups.values()):
                for schedule in list(group.schedules.values()):
                    yield account, region, group, schedule


def _in_force(schedule, when):
    def seconds(date):
        return date.timestamp() if hasattr(date, "timestamp") else float(date)

    first, last = schedule.start_date, schedule.end_date
    return (not first or seconds(first) <= when.timestamp()) and (not last or when.timestamp() <= seconds(last))


_running = []


@hooks.on_infra_ready()
def start_scheduler():
    scheduler = Scheduler(Clock(float(os.environ.get("DAYSEAL_SCHEDULER_SPEEDUP") or 1)))
    scheduler.start()
    _running.append(scheduler)


@hooks.on_infra_shutdown()
def stop_scheduler():
    while _running:
        _running.pop().stop()
