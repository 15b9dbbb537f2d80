"""The account that the tests run in: an emulator's, or one in AWS. Where the two differ stands here."""

import os
import secrets
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# An emulator, if it is named; then the credentials around are its root key. If not, AWS itself.
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL")
EMULATOR = ENDPOINT is not None
REGION = os.environ["AWS_REGION"]
# Of one run: names of AWS resources and metrics outlive it.
RUN = secrets.token_hex(3)
NAME = f"e2e-{RUN}"
# AWS takes its time over rights, metrics and alarms.
PATIENCE = 1 if EMULATOR else 15
CREDENTIALS = ("PROFILE", "DEFAULT_PROFILE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "ROLE_ARN", "WEB_IDENTITY_TOKEN_FILE")


def client(service, credentials=None, **settings):
    """A client of whoever runs the tests, or of `credentials`: variables of the environment, as AWS tools know them."""
    keys = {name.lower(): value for name, value in (credentials or {}).items()}
    # A refusal must be seen at once on the emulators; AWS asks now and then to come back.
    config = Config(retries={"total_max_attempts": 1 if EMULATOR else 8}, read_timeout=60, s3={"addressing_style": "path"})
    return boto3.client(service, region_name=REGION, config=config, **keys, **settings)


def environment(credentials=None):
    """That of a command: with these credentials and no others, or with those of whoever runs the tests."""
    if credentials is None:
        return dict(os.environ)
    return {name: value for name, value in os.environ.items() if name.removeprefix("AWS_") not in CREDENTIALS or name[:4] != "AWS_"} | credentials


def this_account():
    """Its number. Nothing is made in an account of AWS that was not named as the one to use."""
    account = client("sts").get_caller_identity()["Account"]
    named = os.environ.get("DAYSEAL_E2E_AWS_ACCOUNT")
    if not EMULATOR and account != named:
        raise SystemExit(f"e2e: the credentials are of account {account}, DAYSEAL_E2E_AWS_ACCOUNT names {named}: nothing was made")
    return account


ACCOUNT = this_account()


def wait_for(what, condition, seconds=60):
    """What `condition` gives once it is true; fails when it is not in time."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds * PATIENCE} s: {what}")
        time.sleep(0.3 if EMULATOR else 2)


def answer_of(request, expected=None):
    """ok: done · -: refused for want of the right · there: 412, it is there already · locked: 403, the lock holds.

    In AWS a right that was given or taken a moment ago is not yet so everywhere: there it asks again for a
    while before an answer other than `expected` stands.
    """
    end = time.monotonic() + (0 if EMULATOR or expected is None else 60)
    while True:
        answer = answer_once(request)
        if answer == expected or time.monotonic() >= end:
            return answer
        time.sleep(3)


def answer_once(request):
    try:
        request()
        return "ok"
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if (code, status) == ("PreconditionFailed", 412):
        return "there"
    # KMS and Secrets Manager say it with 400 in AWS, with 403 on the emulator.
    if (code, status) in (("AccessDenied", 403), ("AccessDeniedException", 400), ("AccessDeniedException", 403), ("AuthorizationError", 403)):
        # S3 refuses to delete a locked version under the same code.
        return "-" if "not authorized to perform" in message or message == "Access Denied" else "locked"
    return f"{status} {code}: {message}"
