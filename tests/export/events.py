#!/usr/bin/env python3
"""Prints events for an export: every known type, the event with every field, and values that make trouble elsewhere."""

import json
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def main():
    full = json.loads((TOP / "tests/vectors/entry/ok_full.json").read_text())
    for given in ("id", "time", "logged_time", "end_time", "service", "v"):
        full.pop(given, None)
    spec = (TOP / "docs/spec/entry.md").read_text()
    table = spec[spec.index("## Types"):spec.index("## Input")]
    kinds = sorted(k for k in set(re.findall(r"`([a-z0-9_]+(?:\.[a-z0-9_]+)+)`", table)) if not k.startswith("log."))
    assert len(kinds) > 30, kinds
    base = {"actor": {"type": "user", "id": "u-1"}, "outcome": "success"}
    for kind in kinds:
        print(json.dumps({**base, "type": kind, "action": kind.split(".")[-1]}))
        print(json.dumps({**full, "type": kind}))
    for outcome in ("success", "failure", "blocked", "deferred", "unknown"):
        for kind in ("review.completed", "own.kind"):
            print(json.dumps({**full, "type": kind, "outcome": outcome}))
    for severity in ("unknown", "informational", "low", "medium", "high", "critical", "fatal"):
        print(json.dumps({**base, "type": "data.read", "action": "read", "severity": severity}))
    for text in ('=HYPERLINK("http://a.example")', "+1", "-1", "@A1", "'quoted", "a,b\r\nc\"d", "\u202e", "é😀", ""):
        labels = {"note": text} if text else {"note": "-", "empty": ""}
        print(json.dumps({**base, "type": "own.kind", "action": "try", "labels": labels, "reason": {"text": text or "x"}}))
    for kind in ("user", "system", "admin", "agent", "service"):
        print(json.dumps({**base, "type": "authn.succeeded", "action": "login", "actor": {"type": kind, "id": "=a"}}))
    for source in ({"address": "203.0.113.9"}, {"address": "2001:db8:1::/48"}, {"request_id": "r"}):
        print(json.dumps({**base, "type": "authz.denied", "action": "get", "source": source}))
    for ai in ({"provider": "openai"}, {"model_requested": "m"}, {"usage": {"input": 3}}, {"params": {"temperature": "0.7", "max_tokens": 5, "top_p": "no"}}):
        print(json.dumps({**base, "type": "ai.generation.completed", "action": "chat", "ai": ai}))


if __name__ == "__main__":
    main()
