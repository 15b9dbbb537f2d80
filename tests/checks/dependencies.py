#!/usr/bin/env python3
"""Checks what is linked: arrows between our crates, bans, and licences (deny.toml)."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# Which of our crates each may use: arrows run one way.
ARROWS = {
    "dayseal-format": set(),
    "dayseal-import": {"dayseal-format"},
    "dayseal-keys": {"dayseal-format"},
    "dayseal-store": set(),
    "dayseal": {"dayseal-format", "dayseal-keys", "dayseal-store"},
    "dayseal-chain": {"dayseal-format", "dayseal-keys", "dayseal-store"},
    "dayseal-auditor": {"dayseal-format", "dayseal-keys", "dayseal-store", "dayseal-chain"},
    "dayseal-report": {"dayseal-format", "dayseal-store", "dayseal-chain", "dayseal-auditor"},
    "dayseal-export": {"dayseal-format"},
    "dayseal-sql": {"dayseal-format", "dayseal-auditor"},
    "dayseal-lambda": {"dayseal-format", "dayseal-keys", "dayseal-store", "dayseal", "dayseal-chain"},
    "dayseal-cli": {"dayseal-format", "dayseal-keys", "dayseal-store", "dayseal", "dayseal-chain", "dayseal-auditor", "dayseal-report", "dayseal-import", "dayseal-export", "dayseal-sql"},
}
# What the crate that only knows bytes must never link, however deep.
FORMAT_BANS = re.compile(r"^(tokio|hyper|aws-.*|rand|rand_core|getrandom|reqwest|time|chrono)$")
# Frameworks, and which of our crates may name them: all others stay usable without. `dayseal` takes
# each only as an optional dependency, behind a feature that is off by default (docs/ways-in.md).
FRAMEWORKS = {
    "lambda_runtime": {"dayseal", "dayseal-lambda"},
    "axum": set(),
    "http": {"dayseal"},
    "http-body": {"dayseal"},
    "hyper": set(),
    "tower-layer": {"dayseal"},
    "tower-service": {"dayseal"},
    "tracing-subscriber": {"dayseal", "dayseal-lambda", "dayseal-cli"},
}
# Heavy, and who may name them: each only behind a feature, or in a crate that is itself behind one.
HEAVY = {
    "arrow-array": {"dayseal-export"},
    "arrow-json": {"dayseal-export"},
    "arrow-schema": {"dayseal-export"},
    "parquet": {"dayseal-export"},
    "datafusion": {"dayseal-sql"},
    "dayseal-sql": {"dayseal-cli"},
}
# One major of arrow for Parquet and DataFusion.
ONCE = {"arrow-array", "arrow-schema", "arrow-json", "parquet", "datafusion"}


def metadata():
    # With all features, so that what is linked only behind one is looked at too.
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--all-features"]
    return json.loads(subprocess.run(command, cwd=TOP, check=True, capture_output=True).stdout)


def normal(dependency):
    return any(kind["kind"] is None for kind in dependency["dep_kinds"])


def linked(nodes, root):
    """Every package reachable from root by normal dependencies."""
    seen, todo = set(), [root]
    while todo:
        package = todo.pop()
        if package not in seen:
            seen.add(package)
            todo += [d["pkg"] for d in nodes[package]["deps"] if normal(d)]
    return seen


def linked_alone(crate):
    """Names of every package that a crate links by itself. Beside others Cargo joins the features of what they share:
    DataFusion asks for uuid's generator, which nothing of ours calls."""
    command = ["cargo", "tree", "--locked", "--all-features", "-p", crate, "-e", "normal", "--prefix", "none"]
    tree = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in tree.splitlines() if line}


def licence_ok(expression, allowed):
    """Enough of SPDX for crates: OR of ANDs, brackets around ORs, and the old slash."""
    text = expression.replace("/", " OR ")
    words = re.findall(r"\(|\)|[^\s()]+", text)
    merged = []
    for word in words:
        if merged and merged[-1].endswith("WITH"):
            merged[-1] += " " + word
        elif word == "WITH":
            merged[-1] += " WITH"
        else:
            merged.append(word)
    python = [
        {"OR": "or", "AND": "and", "(": "(", ")": ")"}.get(w, str(w in allowed)) for w in merged
    ]
    return eval(" ".join(python), {"__builtins__": {}})  # only True, False, and, or, brackets


def main():
    found = []
    meta = metadata()
    names = {p["id"]: p["name"] for p in meta["packages"]}
    nodes = {n["id"]: n for n in meta["resolve"]["nodes"]}
    deny = tomllib.loads((TOP / "deny.toml").read_text())
    ours = {names[i]: i for i in meta["workspace_members"]}

    for crate, may in ARROWS.items():
        uses = {names[d["pkg"]] for d in nodes[ours[crate]]["deps"] if normal(d)}
        for wrong in sorted((uses & set(ours)) - may):
            found.append(f"{crate} depends on {wrong}, against the arrows")
    for name in sorted(linked_alone("dayseal-format")):
        if FORMAT_BANS.match(name):
            found.append(f"dayseal-format links {name}")

    for package in meta["packages"]:
        if package["name"] not in ARROWS:
            continue
        if package["name"] == "dayseal" and package["features"].get("default"):
            found.append("dayseal has default features: each way in is asked for by name")
        for dependency in package["dependencies"]:
            name, crate = dependency["name"], package["name"]
            if dependency["kind"] is None and name in HEAVY:
                if crate not in HEAVY[name]:
                    found.append(f"{crate} depends on {name}, which is not its to know")
                elif crate != "dayseal-sql" and not dependency["optional"]:
                    found.append(f"{crate} depends on {name} without a feature")
            if dependency["kind"] is not None or name not in FRAMEWORKS:
                continue
            if crate not in FRAMEWORKS[name]:
                found.append(f"{crate} depends on {name}, which is not its to know")
            elif crate == "dayseal" and not dependency["optional"]:
                found.append(f"dayseal depends on {name} without a feature")

    for name in sorted(ONCE):
        versions = sorted(p["version"] for p in meta["packages"] if p["name"] == name)
        if len(versions) != 1:
            found.append(f"{name} is linked in {len(versions)} versions: {', '.join(versions)}")

    shipped = set()
    for crate in ARROWS:
        shipped |= linked(nodes, ours[crate])
    banned = {b["name"] for b in deny["bans"]["deny"]}
    allowed = set(deny["licenses"]["allow"])
    by_id = {p["id"]: p for p in meta["packages"]}
    for package in shipped:
        info = by_id[package]
        if info["name"] in banned:
            found.append(f"{info['name']} is linked, which deny.toml bans")
        licence = info["license"] or ""
        if not licence or not licence_ok(licence, allowed):
            found.append(f"{info['name']} {info['version']}: licence {licence!r} is not allowed")
        source = info["source"]
        if source and not source.startswith("registry+"):
            found.append(f"{info['name']} comes from {source}")
    for line in sorted(found):
        print(line, file=sys.stderr)
    print(f"{len(shipped)} linked packages checked, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
