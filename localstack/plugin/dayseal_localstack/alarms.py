"""DAYSEAL_ALARM_SECONDS: how often every alarm is evaluated.

LocalStack evaluates one only once in all its periods together, so one over 26 hours once in 26 hours.
What an alarm looks at (its periods, up to now) stays as it is.
"""

import os

from localstack.runtime import hooks


@hooks.on_infra_start()
def evaluate_alarms_often():
    seconds = float(os.environ.get("DAYSEAL_ALARM_SECONDS") or 0)
    if not seconds:
        return

    from localstack.services.cloudwatch.alarm_scheduler import AlarmScheduler
    from localstack.utils.patch import patch

    @patch(AlarmScheduler.__init__)
    def __init__(fn, self):
        fn(self)
        schedule = self.scheduler.schedule
        self.scheduler.schedule = lambda *args, **kwargs: schedule(*args, **{**kwargs, "period": seconds})
