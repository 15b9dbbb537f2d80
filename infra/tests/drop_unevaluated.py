#!/usr/bin/env python3
"""Takes the conditions that no emulator evaluates out of a copy of the module: drop_unevaluated.py COPY.

A denial that rests on one becomes a denial of nobody, a grant that rests on one becomes a plain grant. tests/policies/ proves them instead.
"""
import pathlib
import re
import sys

NOBODY = 'StringEquals = { "aws:PrincipalAccount" = "000000000001" }'
CHANGES = [
    (re.compile(r'Bool = \{ "aws:SecureTransport" = "false" \}'), NOBODY),
    (re.compile(r'NumericLessThan = \{ "s3:TlsVersion" = "1\.2" \}'), NOBODY),
    (re.compile(r'Null = \{ "s3:if-none-match" = "true"(, "s3:if-match" = "true")? \}, Bool = \{ "s3:ObjectCreationOperation" = "true" \}'), NOBODY),
    (re.compile(r'Null = \{ "s3:if-match" = "false" \}, ArnNotEquals = \{ "aws:PrincipalArn" = local\.eraser_arn \}'), NOBODY),
    (re.compile(r', Condition = \{ Null = \{ "s3:if-(none-)?match" = "false" \} \}'), ""),
    (re.compile(r'\n *Condition = \{ Null = \{ "s3:if-none-match" = "false" \} \}'), ""),
]

counts = [0] * len(CHANGES)
for path in sorted(pathlib.Path(sys.argv[1]).glob("**/*.tf")):
    if ".terraform" in path.parts:
        continue
    text = path.read_text()
    for index, (pattern, replacement) in enumerate(CHANGES):
        text, found = pattern.subn(replacement, text)
        counts[index] += found
    if re.search(r'"s3:if-(none-)?match"|s3:TlsVersion|aws:SecureTransport', text):
        sys.exit(f"drop_unevaluated.py: {path.name} still has such a condition: the module changed, this list did not")
    path.write_text(text)
if 0 in counts:
    sys.exit(f"drop_unevaluated.py: a pattern matched nothing: {counts}")
