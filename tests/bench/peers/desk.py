"""Asks dayseal and two peers the same of the same entries, and prints seconds.

`dayseal-bench desk-log` makes a year of entries: a sealed log, and plain lines from which the peers'
own files are written here, byte for byte as their storage writes them (their own writing is measured
in peers.py, and takes minutes for as many). Each answer must have the number of entries that the log
is known to have, else the run fails.

Who answers how, files in the page cache, medians of interleaved runs:
- dayseal: the release binary, the whole process from start to exit; answers are checked against the
  signed manifests, batches decrypted. And through the library, in a process that is up.
- rotalabs-comply: `FileStorage.read(id)`, else `list_entries(start, end)`: the one query it has;
  what it cannot select (actor, trace) is selected from its answer. Process and imports not counted.
- kailash-kaizen: `FileAuditStorage.query(user_id | start_time, end_time)`; of id and trace, which it
  cannot select, from all. Process and imports not counted.
- scan: the raw building block: one pass of `grep -F` over the plain lines, the whole process.

With --report: rotalabs-comply's `ReportGenerator` (SOC 2, HTML) against the given command; kaizen has none.
"""

import argparse
import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

ASKS = ("id", "actor", "trace", "hour")
TARGET = 20


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def spawned(command, env=None):
    """Seconds and standard output of a process, from its start to its end."""
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=env)
    taken = time.perf_counter() - begin
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr.decode()[-2000:]}")
    return taken, done.stdout


# A child counts what its parent had at the fork: hence a parent that has next to nothing.
MEASURED = """
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_of(command, env):
    """Peak memory of a process in bytes; never below the few mebibytes of the one that starts it."""
    _, out = spawned([sys.executable, "-I", "-S", "-c", MEASURED, *map(str, command)], env)
    return int(out)


class Dayseal:
    """The command, as an auditor has it: policy and keys, no configuration."""

    def __init__(self, command, work, facts, report):
        self.facts = facts
        flags = ["--evidence", work / "evidence", "--state", work / "state", "--policy", work / "policy"]
        self.command = [command, *flags, "--keys", work / "keys.json", "--now", facts["now"]]
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("DAYSEAL_")}
        self.report = report

    def args(self, what):
        f = self.facts
        args = {
            "id": ["get", f["id"], "--json"],
            "actor": ["query", "--actor", f["actor"], "--format", "json"],
            "trace": ["query", "--trace", f["trace"], "--format", "json"],
            "hour": ["query", "--since", f["since"], "--until", f["until"], "--limit", "100000", "--format", "json"],
            "report": self.report,
        }[what]
        return [*self.command, *args]

    def ask(self, what):
        taken, out = spawned(self.args(what), self.env)
        return taken, None if what == "report" else out.count(b"\n")

    def peak(self, what):
        return peak_of(self.args(what), self.env)


class Library:
    """Through the library, in a process that is up: `dayseal-bench desk`."""

    def __init__(self, bench, work):
        self.bench, self.work, self.rows = bench, work, {}

    def ask(self, what):
        _, out = spawned([self.bench, "--json", "desk", self.work, "--ask", what, "--runs", "1"])
        row = self.rows[what] = json.loads(out)
        return row["seconds"], row["found"]


class Scan:
    def __init__(self, work, facts):
        self.file, self.facts = work / "entries.ndjson", facts

    def ask(self, what):
        if what == "hour":
            # The hour stands in each line as it is written.
            needle = f'"time":"{self.facts["since"][:14]}'
        else:
            needle = f'"{self.facts[what]}"'
        taken, out = spawned(["grep", "-F", needle, self.file], {"LC_ALL": "C", "PATH": os.environ["PATH"]})
        return taken, out.count(b"\n")


class Rotalabs:
    def __init__(self, work, facts, lines):
        from rotalabs_comply.audit import AuditLogger, FileStorage
        from rotalabs_comply.audit.storage import AuditEntry

        self.facts, folder = facts, work / "rotalabs"
        if not folder.exists():
            folder.mkdir()
            with open(folder / "audit_20260101.jsonl", "w") as file:
                for e in lines():
                    entry = AuditEntry(
                        id=e["id"], timestamp=e["time"].replace("Z", "+00:00"), input_hash=e["input_hash"], output_hash=e["output_hash"],
                        provider=e["provider"], model=e["model"], conversation_id=e["conversation"], latency_ms=float(e["latency_ms"]),
                        metadata={name: e[name] for name in ("actor", "action", "service", "trace", "department", "note")},
                    )  # fmt: skip
                    # As FileStorage.write does.
                    file.write(json.dumps(entry.to_dict()) + "\n")
        self.log = lambda: AuditLogger(FileStorage(str(folder)))

    def ask(self, what):
        f = self.facts
        # A new one each time: what it remembers of earlier answers is not asked for.
        log = self.log()

        async def answer():
            if what == "id":
                return [await log.get_entry(f["id"])]
            first, last = ("since", "until") if what == "hour" else ("first", "last")
            found = await log.get_entries(f[first + "_at"], f[last + "_at"])
            return found if what == "hour" else [e for e in found if e.metadata[what] == f[what]]

        begin = time.perf_counter()
        found = asyncio.run(self.generated() if what == "report" else answer())
        return time.perf_counter() - begin, None if what == "report" else len(found)

    async def generated(self):
        from rotalabs_comply.frameworks.base import ComplianceProfile
        from rotalabs_comply.frameworks.soc2 import SOC2Framework
        from rotalabs_comply.reports import ReportGenerator

        generator = ReportGenerator(self.log().storage, {"soc2": SOC2Framework()})
        profile = ComplianceProfile("bench", "bench", enabled_frameworks=["soc2"])
        report = await generator.generate(self.facts["first_at"], self.facts["last_at"], profile, "soc2")
        return generator.export_html(report)


class Kaizen:
    def __init__(self, work, facts, lines):
        from kaizen.core.autonomy.observability.audit import AuditTrailManager, FileAuditStorage
        from kaizen.core.autonomy.observability.types import AuditEntry

        self.facts, path = facts, work / "kaizen" / "audit.jsonl"
        if not path.exists():
            path.parent.mkdir()
            with open(path, "w") as file:
                for e in lines():
                    names = ("id", "service", "trace", "conversation", "provider", "model", "input_hash", "output_hash", "latency_ms", "department", "note")
                    entry = AuditEntry(
                        timestamp=moment(e["time"]), agent_id=e["service"], action=e["action"],
                        details={name: e[name] for name in names}, result="success", user_id=e["actor"],
                    )  # fmt: skip
                    # As FileAuditStorage.append does.
                    line = asdict(entry)
                    line["timestamp"] = entry.timestamp.isoformat()
                    file.write(json.dumps(line) + "\n")
            path.chmod(0o600)
        self.log = lambda: AuditTrailManager(FileAuditStorage(str(path)))

    def ask(self, what):
        f, log = self.facts, self.log()

        async def answer():
            if what == "actor":
                return await log.query_by_user(f["actor"])
            if what == "hour":
                return await log.query_by_timerange(f["since_at"], f["until_at"])
            return [e for e in await log.query_all() if e.details[what] == f[what]]

        begin = time.perf_counter()
        found = asyncio.run(answer())
        return time.perf_counter() - begin, len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="where the log is, or is made")
    parser.add_argument("--dayseal", required=True, help="the release binary dayseal")
    parser.add_argument("--bench", required=True, help="the release binary dayseal-bench")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--report", nargs=argparse.REMAINDER, help="last: arguments of the dayseal command that makes a report of the whole time; adds the row")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    logging.disable(logging.CRITICAL)

    if not (args.work / "facts.json").exists():
        spawned([args.bench, "--json", "desk-log", args.work, "--entries", str(args.entries)])
    facts = json.loads((args.work / "facts.json").read_text())
    facts |= {f"{name}_at": moment(facts[name]) for name in ("since", "until")}
    facts |= {"first_at": moment(facts["first_day"] + "T00:00:00Z"), "last_at": moment(facts["now"])}

    def lines():
        with open(args.work / "entries.ndjson") as file:
            yield from map(json.loads, file)

    systems = {
        "dayseal": Dayseal(args.dayseal, args.work, facts, args.report),
        "dayseal library": Library(args.bench, args.work),
        "scan (grep -F)": Scan(args.work, facts),
        f"rotalabs-comply {version('rotalabs-comply')}": Rotalabs(args.work, facts, lines),
        f"kailash-kaizen {version('kailash-kaizen')}": Kaizen(args.work, facts, lines),
    }
    expected = {"id": 1, "report": None} | {ask: facts[f"of_{ask}"] for ask in ("actor", "trace", "hour")}
    for ask in [*ASKS, *(["report"] if args.report else [])]:
        times = {}
        # One more than counts: the first warms the page cache, and whatever a system keeps.
        for run in range(args.runs + 1):
            for name, system in systems.items():
                if ask == "report" and not isinstance(system, (Dayseal, Rotalabs)):
                    continue
                taken, found = system.ask(ask)
                if found != expected[ask]:
                    raise SystemExit(f"{name}: expected {expected[ask]} entries by {ask}, found {found}")
                if run > 0:
                    times.setdefault(name, []).append(taken)
        medians = {name: statistics.median(taken) for name, taken in times.items()}
        library = systems["dayseal library"].rows.get(ask, {})
        for name, seconds in medians.items():
            row = {
                "bench": "desk", "ask": ask, "entries": facts["entries"], "found": expected[ask], "system": name, "seconds": round(seconds, 4),
                "all_runs": [round(taken, 4) for taken in times[name]], "dayseal_faster": round(seconds / medians["dayseal"], 1),
            }  # fmt: skip
            if name == "dayseal":
                row["peak_memory"] = systems["dayseal"].peak(ask)
            if name == "dayseal library":
                row |= {field: library[field] for field in ("objects", "objects_read", "objects_read_share", "peak_memory")}
            show(row, args.json)


def show(row, as_json):
    if as_json:
        print(json.dumps(row), flush=True)
        return
    text = f"{row['ask']:<7}{row['system']:<26}{row['seconds']:>9.3f} s"
    peer = "-" in row["system"].split()[0]
    text += f"{row['dayseal_faster']:>8} x" if not row["system"].startswith("dayseal") else ""
    text += " (below the target)" if peer and row["dayseal_faster"] < TARGET else ""
    if "objects_read" in row:
        text += f"   {row['objects_read']} of {row['objects']} objects, {row['objects_read_share']:.2f} %"
    if "peak_memory" in row:
        text += f"   peak {row['peak_memory'] / 2**20:.0f} MiB"
    print(text, flush=True)


if __name__ == "__main__":
    main()
