"""MiniStack with the condition keys that our policies rest on: python dayseal_ministack.py, its settings in the environment.

MiniStack evaluates conditions itself, but leaves these keys empty or fills them in otherwise than AWS. Filled in as
the Service Authorization Reference of S3 and KMS and the IAM guide ("Global condition context keys") say.
"""

import json
import re

from ministack import app as server
from ministack.core import iam_actions, iam_evaluator
from ministack.services import s3

SESSION = re.compile(r"arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([^/]+)/.+")
HEADERS = {
    "s3:if-none-match": "if-none-match",
    "s3:if-match": "if-match",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": "x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-server-side-encryption-customer-algorithm": "x-amz-server-side-encryption-customer-algorithm",
}


def of_put(query, headers):
    """Keys of a put: its headers, and whether it creates an object or is a step of a multipart upload before its last."""
    keys = {key: headers[header] for key, header in HEADERS.items() if headers.get(header)}
    keys["s3:ObjectCreationOperation"] = str(not {"uploads", "partNumber"} & set(query)).lower()
    return keys


def of_key_use(body):
    """Keys of a KMS request: algorithm and encryption context."""
    request = json.loads(body or b"{}")
    context = request.get("EncryptionContext") or {}
    keys = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    if "SigningAlgorithm" in request:
        keys["kms:SigningAlgorithm"] = request["SigningAlgorithm"]
    return keys


def fill_in():
    s3_context, tags = iam_actions.s3_service_context, iam_actions.request_tag_context
    resource, resolve = iam_actions.extract_resource_arn, iam_evaluator._resolve_condition_key

    def of_s3(action, query, path="", headers=None):
        found = s3_context(action, query, path, headers)
        return {**found, **of_put(query or {}, headers or {})} if action == "s3:PutObject" else found

    def of_others(service, action, body, params):
        found = tags(service, action, body, params)
        return {**found, **of_key_use(body)} if service == "kms" else found

    def in_its_group(service, method, path, headers, body, params, *where):
        """A schedule's ARN names its group; MiniStack's says `default` for each."""
        arn = resource(service, method, path, headers, body, params, *where)
        group = (params or {}).get("groupName") if service == "scheduler" else None
        group = group[0] if isinstance(group, list) else group
        return arn.replace(":schedule/default/", f":schedule/{group}/") if group else arn

    def principal(key, context):
        """aws:PrincipalArn of a session is its role's ARN; MiniStack gives the session's. Roles with a path are not used here."""
        value = resolve(key, context)
        session = SESSION.fullmatch(value) if key.lower() == "aws:principalarn" and value else None
        return "arn:{}:iam::{}:role/{}".format(*session.groups()) if session else value

    iam_actions.s3_service_context, iam_actions.request_tag_context = of_s3, of_others
    iam_actions.extract_resource_arn, iam_evaluator._resolve_condition_key = in_its_group, principal


def serve_ranges_of_versions():
    """MiniStack forgets `Range` when a version is named; then it is cut here, by its own rules for the others."""
    get = s3._get_object

    def get_part(bucket, key, headers, query=None):
        status, answer, body = get(bucket, key, headers, query)
        wanted = headers.get("range", "")
        if status != 200 or not wanted or "versionId" not in (query or {}):
            return status, answer, body
        part = s3._parse_range(wanted, len(body))
        if part is None:
            return s3._error("InvalidRange", "The requested range is not satisfiable", 416, f"/{bucket}/{key}")
        first, last = part
        cut = body[first : last + 1]
        return 206, {**answer, "Content-Length": str(len(cut)), "Content-Range": f"bytes {first}-{last}/{len(body)}"}, cut

    s3._get_object = get_part


def count_as_tls(serve):
    """Requests are plain HTTP here and count as TLS, unless x-forwarded-proto says otherwise: for `aws:SecureTransport`."""

    async def app(scope, receive, send):
        if scope["type"] == "http" and not any(name == b"x-forwarded-proto" for name, _ in scope["headers"]):
            scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
        await serve(scope, receive, send)

    return app


if __name__ == "__main__":
    fill_in()
    serve_ranges_of_versions()
    server.app = count_as_tls(server.app)
    server.main()
