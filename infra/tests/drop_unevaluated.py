#!/usr/bin/env python3
"""Fits a copy of the module to an emulator that enforces policies but not every condition: drop_unevaluated.py COPY.

MiniStack knows neither TLS, s3:if-none-match, s3:if-match nor the keys of KMS requests, and takes a session's ARN for aws:PrincipalArn, where AWS
takes the role's. A denial that rests on such a key becomes a denial of nobody, a grant a grant without it, a role's ARN a pattern that fits its
sessions too. What is left out here, tests/policies/ proves.
"""
import pathlib
import re
import sys

NOBODY = 'StringEquals = { "aws:PrincipalAccount" = "000000000001" }'
KMS_KEY = r'StringEquals\s*= \{ "kms:(?:EncryptionContext:dayseal-origin|ViaService|SigningAlgorithm)" = (?:\[[^\]]*\]|[^}]*(?:\{[^}]*\}[^}"]*"?)?) \}'
CHANGES = [
    (re.compile(r'Bool = \{ "aws:SecureTransport" = "false" \}'), NOBODY),
    (re.compile(r'NumericLessThan = \{ "s3:TlsVersion" = "1\.2" \}'), NOBODY),
    (re.compile(r'Null = \{ "s3:if-none-match" = "true"(, "s3:if-match" = "true")? \}, Bool = \{ "s3:ObjectCreationOperation" = "true" \}'), NOBODY),
    (re.compile(r'Null = \{ "s3:if-match" = "false" \}, ArnNotEquals = \{ "aws:PrincipalArn" = local\.eraser_arn \}'), NOBODY),
    (re.compile(r'(,|\n) *Condition\s*= \{ Null = \{ "s3:if-(none-)?match" = "false" \} \}'), ""),
    (re.compile(r'(,|\n) *Condition\s*= \{ ' + KMS_KEY + r' \}'), ""),
    (re.compile(r", " + KMS_KEY), ""),
    (re.compile(r'(role_base\s*= "arn:\$\{local\.partition\}:)iam(::\$\{var\.account_id\}:)role/'), r"\1*\2*role/"),
    (re.compile(r'("\$\{local\.role_base\}-(?:\$\{role\}|[a-z]+))"'), r'\1*"'),
]
LEFT = re.compile(r'"(s3:if-(none-)?match|s3:TlsVersion|aws:SecureTransport|kms:EncryptionContext:dayseal-origin|kms:SigningAlgorithm|kms:ViaService)"')

counts = [0] * len(CHANGES)
for path in sorted(pathlib.Path(sys.argv[1]).glob("**/*.tf")):
    if ".terraform" in path.parts:
        continue
    text = path.read_text()
    for index, (pattern, replacement) in enumerate(CHANGES):
        text, found = pattern.subn(replacement, text)
        counts[index] += found
    if left := LEFT.search(text):
        sys.exit(f"drop_unevaluated.py: {path.name} still has {left[0]}: the module changed, this list did not")
    path.write_text(text)
if 0 in counts:
    sys.exit(f"drop_unevaluated.py: a pattern matched nothing: {counts}")
