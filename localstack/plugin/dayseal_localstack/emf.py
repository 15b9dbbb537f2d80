"""CloudWatch embedded metric format: log lines that are metrics, which LocalStack does not extract.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import logging
from datetime import UTC, datetime

LOG = logging.getLogger(__name__)
MAX_METRICS, MAX_DIMENSIONS, MAX_VALUES = 100, 30, 100


def publish(lines, account, region):
    """PutMetricData for every metric in `lines`; when it returns they can be read."""
    from localstack.aws.connect import connect_to

    for line in lines:
        if '"_aws"' not in line:
            continue
        try:
            found = metrics(line)
        except (ValueError, KeyError, TypeError) as error:  # as in AWS, the function does not hear of it
            LOG.warning("embedded metrics left out: %r: %s", error, line)
            continue
        client = connect_to(aws_access_key_id=account, region_name=region).cloudwatch
        for namespace, data in found:
            client.put_metric_data(Namespace=namespace, MetricData=data)


def metrics(line):
    """`(namespace, MetricData)` for each directive of a line; raises ValueError if CloudWatch would refuse it."""
    root = json.loads(line, parse_constant=_refuse_constant)  # JSONDecodeError is a ValueError
    if not isinstance(root, dict) or not isinstance(root.get("_aws"), dict):
        raise ValueError("_aws is no object at the top")
    meta = root["_aws"]
    if not isinstance(meta.get("Timestamp"), int):
        raise ValueError("_aws.Timestamp is missing or no number of milliseconds")
    at = datetime.fromtimestamp(meta["Timestamp"] / 1000, UTC)
    return [_directive(each, root, at) for each in meta.get("CloudWatchMetrics", [])]


def _directive(directive, root, at):
    if len(directive["Metrics"]) > MAX_METRICS:
        raise ValueError(f"{len(directive['Metrics'])} metrics in one directive, at most {MAX_METRICS}")
    data = []
    for names in directive.get("Dimensions") or [[]]:
        dimensions = [{"Name": name, "Value": _dimension(root, name)} for name in names]
        if len(dimensions) > MAX_DIMENSIONS:
            raise ValueError(f"{len(dimensions)} dimensions, at most {MAX_DIMENSIONS}")
        for metric in directive["Metrics"]:
            values = _values(root, metric["Name"])
            data.append({
                "MetricName": metric["Name"],
                "Dimensions": dimensions,
                "Timestamp": at,
                "Unit": metric.get("Unit", "None"),
                "StorageResolution": metric.get("StorageResolution", 60),
                "Values": values,
            })
    return directive["Namespace"], data


def _refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def _dimension(root, name):
    if not isinstance(root.get(name), str):
        raise ValueError(f"dimension {name} has no text at the top of the line")
    return root[name]


def _values(root, name):
    values = root.get(name)
    values = values if isinstance(values, list) else [values]
    if not 0 < len(values) <= MAX_VALUES or any(type(value) not in (int, float) for value in values):
        raise ValueError(f"metric {name} has no number, or not 1 to {MAX_VALUES} of them, at the top of the line")
    return values
