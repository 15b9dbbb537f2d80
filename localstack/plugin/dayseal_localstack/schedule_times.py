"""When an EventBridge schedule fires: rate(), at() and cron(); a pure function of its text.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
Not read: `L`, `W` and `#` of cron().
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()  # SUN is 1
LAST_YEAR = 2199


def next_fire(expression, zone, after):
    """The first time later than `after` at which `expression` fires, or None.

    `zone` is a name such as "UTC"; `after` and the answer are aware and in UTC.
    A rate counts from `after`. Raises ValueError if the expression is none that is read here.
    """
    kind, _, rest = expression.partition("(")
    inner = rest.removesuffix(")")
    if kind == "rate" and (match := re.fullmatch(r"([1-9]\d*) (minute|hour|day)s?", inner)):
        return after + int(match[1]) * UNITS[match[2]]
    if kind == "at":
        when = datetime.fromisoformat(inner).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        return when if when > after else None
    if kind == "cron":
        return _next_cron(inner.split(), ZoneInfo(zone), after)
    raise ValueError(f"schedule expression {expression!r} is not rate(), at() or cron()")


def _next_cron(fields, zone, after):
    if len(fields) != 6:
        raise ValueError(f"cron() has {len(fields)} fields, expected 6")
    minutes = _field(fields[0], 0, 59)
    hours = _field(fields[1], 0, 23)
    days = _field(fields[2], 1, 31)
    months = _field(fields[3], 1, 12, MONTHS)
    weekdays = _field(fields[4], 1, 7, WEEKDAYS)
    years = _field(fields[5], 1970, LAST_YEAR)

    date = after.astimezone(zone).date()
    last = min(max(years), date.year + 8)  # the longest wait is for 29 February, over a century's end
    while date.year <= last:
        weekday = date.isoweekday() % 7 + 1
        if date.year in years and date.month in months and date.day in days and weekday in weekdays:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    local = datetime(date.year, date.month, date.day, hour, minute, tzinfo=zone)
                    when = local.astimezone(UTC)
                    skipped = when.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)
                    if when > after and not skipped:  # skipped when clocks go forward
                        return when
        date += timedelta(days=1)
    return None


def _field(text, low, high, names=()):
    """The numbers that one field allows: `*`, `?`, `a`, `a-b`, `a/step`, `a-b/step`, and lists of these."""

    def number(word):
        value = names.index(word.upper()) + low if word.upper() in names else int(word)
        if not low <= value <= high:
            raise ValueError(f"{word} in {text!r}: expected {low} to {high}")
        return value

    allowed = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = number(first)
            end = number(last) if last else high if step else start
        allowed.update(range(start, end + 1, int(step or 1)))
    return allowed
