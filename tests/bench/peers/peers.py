"""Records the same kind of entries with three peers and with dayseal, and prints events a second.

Each run starts in an empty directory. Runs are interleaved, so that a slow spell of the machine
hits all; medians count. The peers are slow, so they get fewer entries; their rate does not depend
on the number (the size of their file, and the check of it, stays far from rotation).

What each has done when its clock stops:
- dayseal: every event compressed, encrypted, hashed, on disk with fsync, the day sealed and signed.
- rotalabs-comply: contents encrypted (Fernet), a JSON line handed to the kernel. No chain, no fsync.
- kailash-kaizen: a JSON line, written as its FileAuditStorage writes it. No chain, no encryption.
- hash chain: the plain Python chain of the audit-logging recipe dayseal covers: JSON twice, SHA-256
  over entry and previous hash, a line handed to the kernel. No encryption, no fsync.
"""

import argparse
import asyncio
import hashlib
import json
import logging
import os
import random
import statistics
import subprocess
import tempfile
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

WORDS = (
    "explain the quarterly revenue forecast and compare it with the contract clause about refund "
    "policy before the deadline because patient medication schedule treatment was not translated"
).split()


def texts(count):
    """Question and answer of each entry: about 700 bytes, so that an entry has about 1.15 KB."""
    source = random.Random(7)
    return [
        (" ".join(source.choices(WORDS, k=24)), " ".join(source.choices(WORDS, k=72)))
        for _ in range(count)
    ]


def clocks():
    """Wall time and CPU time of this process, all threads."""
    return time.perf_counter(), time.process_time()


def spent(begin):
    return tuple(now - then for now, then in zip(clocks(), begin))


class HashChain:
    """A hash chain over JSON lines, one open and one write for each entry."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.previous = "genesis"

    def log(self, event_type, actor, details):
        entry = {
            "timestamp": datetime.now(timezone.utc).isoformat(),
            "event_type": event_type,
            "actor": actor,
            "details": details,
            "prev_hash": self.previous,
        }
        raw = json.dumps(entry, sort_keys=True) + self.previous
        entry["hash"] = self.previous = hashlib.sha256(raw.encode()).hexdigest()[:16]
        day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
        with open(self.directory / f"audit-{day}.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")


def details(n, question, answer):
    """What the chain and kaizen record; kept small enough for 1.15 KB a line."""
    return {
        "model": "model-7",
        "provider": "aws.bedrock",
        "conversation": f"c-{n:08}",
        "input": question,
        "output": answer,
        "input_tokens": len(question) // 4,
        "output_tokens": len(answer) // 4,
        "latency_ms": 812,
        "department": "finance",
        "source": "203.0.113.0/24",
    }


def chain(directory, inputs):
    log = HashChain(directory)
    begin = clocks()
    for n, (question, answer) in enumerate(inputs):
        log.log("ai.generation.completed", "user-17", details(n, question, answer))
    return spent(begin)


def rotalabs(directory, inputs):
    from rotalabs_comply.audit import AuditLogger, EncryptionManager, FileStorage

    log = AuditLogger(FileStorage(directory), encryption=EncryptionManager(), store_content=True)

    async def record():
        begin = clocks()
        for n, (question, answer) in enumerate(inputs):
            await log.log(
                input=question,
                output=answer[: len(answer) // 2],
                provider="aws.bedrock",
                model="model-7",
                conversation_id=f"c-{n:08}",
                latency_ms=812.0,
                input_tokens=len(question) // 4,
                output_tokens=len(answer) // 4,
            )
        return spent(begin)

    return asyncio.run(record())


def kaizen(directory, inputs):
    from kaizen.core.autonomy.observability.audit import AuditTrailManager, FileAuditStorage

    log = AuditTrailManager(FileAuditStorage(os.path.join(directory, "audit.jsonl")))

    async def record():
        begin = clocks()
        for n, (question, answer) in enumerate(inputs):
            await log.record(
                agent_id="agent-1",
                action="ai.generation.completed",
                details=details(n, question, answer),
                result="success",
                user_id="user-17",
            )
        return spent(begin)

    return asyncio.run(record())


def written(directory):
    """Bytes below a directory."""
    files = [path for path in Path(directory).rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dayseal", required=True, help="the release binary dayseal-bench")
    parser.add_argument("--events", type=int, default=100_000, help="entries of dayseal")
    parser.add_argument("--peer-events", type=int, default=5_000, help="entries of each peer")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--directory", help="where to write; a temporary directory if not given")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    # Rates with logging configured would be lower still.
    logging.disable(logging.CRITICAL)

    inputs = texts(args.peer_events)
    peers = {"rotalabs-comply": rotalabs, "kailash-kaizen": kaizen, "hash chain": chain}
    rates = {name: [] for name in ["dayseal", *peers]}
    sizes = {}
    for _ in range(args.runs):
        with tempfile.TemporaryDirectory(dir=args.directory) as directory:
            command = [args.dayseal, "--json", "directory", f"{directory}/log"]
            command += ["--events", str(args.events)]
            row = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            rates["dayseal"].append((row["events_per_second"], args.events / row["cpu_seconds"]))
            sizes["dayseal"] = row["bytes_per_event"]
        for name, run in peers.items():
            with tempfile.TemporaryDirectory(dir=args.directory) as directory:
                rates[name].append(tuple(len(inputs) / taken for taken in run(directory, inputs)))
                sizes[name] = written(directory) / len(inputs)

    # By the wall: what a caller sees. By CPU: what it costs, whoever else uses the machine.
    medians = {
        name: [statistics.median(column) for column in zip(*values)]
        for name, values in rates.items()
    }
    versions = {name: version(name) for name in ("rotalabs-comply", "kailash-kaizen")}
    rows = [
        {
            "bench": "peers",
            "system": name + (f" {versions[name]}" if name in versions else ""),
            "events": args.events if name == "dayseal" else args.peer_events,
            "bytes_per_event": round(sizes[name]),
            "events_per_second": round(wall),
            "events_per_cpu_second": round(cpu),
            "all_runs": [round(run[0]) for run in rates[name]],
            "dayseal_faster_wall": round(medians["dayseal"][0] / wall, 1),
            "dayseal_faster_cpu": round(medians["dayseal"][1] / cpu, 1),
        }
        for name, (wall, cpu) in medians.items()
    ]
    for row in rows:
        if args.json:
            print(json.dumps(row))
        else:
            print(
                f"{row['system']:<24} {row['bytes_per_event']:>6,} B/event"
                f" {row['events_per_second']:>9,}/s {row['dayseal_faster_wall']:>6} x"
                f" {row['events_per_cpu_second']:>9,}/CPU s {row['dayseal_faster_cpu']:>6} x"
            )


if __name__ == "__main__":
    main()
