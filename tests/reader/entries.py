"""Entries, in part: docs/spec/entry.md."""

from primitives import Bad, compact, strict_json, time_ms, UUID


TOP = """access_reason action actor agent ai change clock content correlation data_class duration_ms end_time
function id key labels logged_time outcome oversight privacy reason redactions resource safety service severity
source tenant time trace type v""".split()
REQUIRED = ["action", "actor", "id", "logged_time", "outcome", "service", "tenant", "time", "type", "v"]


def check_entry(line):
    """Strict JSON, one spelling, known top-level fields. Values inside are the schema's business."""
    if len(line) > 65_535:
        raise Bad("limit")
    try:
        event = strict_json(line)
    except ValueError as error:
        twice = "twice" in str(error)
        code = "duplicate_key" if twice else "wrong_type" if "integer" in str(error) else "syntax"
        raise Bad(code, str(error)) from None
    if not isinstance(event, dict):
        raise Bad("wrong_type")
    if event.get("v", 1) != 1:
        raise Bad("version")
    for name in event:
        if name not in TOP:
            raise Bad("unknown_field", name)
    for name in REQUIRED:
        if name not in event:
            raise Bad("missing", name)
    ordered(event)
    classes = event.get("data_class", [])
    if not isinstance(classes, list) or classes != sorted(set(map(str, classes))):
        raise Bad("not_canonical", "data_class is not a set")
    if compact(event) != line:
        raise Bad("not_canonical")
    for name in ("time", "logged_time"):
        try:
            time_ms(event[name])
        except ValueError:
            raise Bad("invalid_value", name) from None
    if not isinstance(event["id"], str) or not UUID.fullmatch(event["id"]) or event["id"][14] != "7":
        raise Bad("invalid_value", "id")


def ordered(value):
    if value is None or (value in ([], {}) and not isinstance(value, (bool, int))):
        raise Bad("not_canonical", "null or empty")
    if isinstance(value, dict):
        if list(value) != sorted(value):
            raise Bad("not_canonical", "keys out of order")
        for item in value.values():
            ordered(item)
    if isinstance(value, list):
        for item in value:
            ordered(item)
    if type(value) is int and abs(value) > 2**53 - 1:
        raise Bad("limit")
