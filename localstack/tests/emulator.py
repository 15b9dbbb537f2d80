"""Clients for the LocalStack at $ENDPOINT, and functions written as short Python bootstraps."""

import io
import json
import os
import sys
import textwrap
import time
import uuid
import zipfile

import boto3
from botocore.config import Config

ENDPOINT = os.environ["ENDPOINT"]
REGION = "eu-west-1"
ROLE = "arn:aws:iam::000000000000:role/test"

# The least that a runtime does: poll, call `handle(event, headers)`, answer.
RUNTIME = """\
#!{python}
import json, os, sys, time, urllib.request
API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"

def post(path, document):
    urllib.request.urlopen(urllib.request.Request(API + path, json.dumps(document).encode())).read()

{handler}
while True:
    with urllib.request.urlopen(API + "invocation/next") as polled:
        event, headers = json.load(polled), polled.headers
    request = "invocation/" + headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        answer = handle(event, headers)
    except Exception as error:
        post(request + "/error", {{"errorType": type(error).__name__, "errorMessage": str(error)}})
    else:
        post(request + "/response", answer)
"""


def client(service):
    return boto3.client(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=30),
    )


def unique(prefix):
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def create_function(handler, timeout=3, **settings):
    """A function whose bootstrap runs `handler`, Python source with `handle(event, headers)`; its name and ARN."""
    source = RUNTIME.format(python=sys.executable, handler=textwrap.dedent(handler))
    return create_from_zip({"bootstrap": source}, timeout, **settings)


def create_from_zip(files, timeout=3, **settings):
    """A function of these files, name to content; its name and ARN."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    name = unique("function")
    functions = client("lambda")
    arn = functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=ROLE,
        Code={"ZipFile": packed.getvalue()},
        Timeout=timeout,
        **settings,
    )["FunctionArn"]
    waiter = functions.get_waiter("function_active_v2")
    waiter.config.delay = 0.1  # seconds; WaiterConfig takes whole ones only
    waiter.wait(FunctionName=name)
    return name, arn


def invoke(name, event=None):
    """The answer, and the name of the error if the function failed."""
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def create_queue():
    """URL and ARN."""
    queues = client("sqs")
    url = queues.create_queue(QueueName=unique("queue"))["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn


def receive(url, seconds=15):
    """The next message, taken off the queue, or None."""
    queues = client("sqs")
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        got = queues.receive_message(
            QueueUrl=url, WaitTimeSeconds=min(int(left) + 1, 5), MessageAttributeNames=["All"]
        ).get("Messages", [])
        if got:
            queues.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
            return got[0]
    return None


def eventually(look, seconds=10):
    """What `look` gives once it is true, or its last answer."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def log_lines(function):
    """Every line in the function's log group, in order."""
    group, logs = f"/aws/lambda/{function}", client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"].rstrip("\n") for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []
