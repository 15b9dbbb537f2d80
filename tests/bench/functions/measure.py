"""measure.py ZIPS DAYSEAL [--json]: cold start, warm calls, memory and size of the functions' release builds.

A runtime interface on 127.0.0.1 hands events to the real `bootstrap`, and roots are directories: what is measured is
the function, not S3. Cold: from the start of the process until it asks for its first event, and until it has answered it.
"""

import http.server
import json
import os
import pathlib
import platform
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

COLD, WARM = 15, 100


class Api(http.server.ThreadingHTTPServer):
    """The runtime interface: events go out of `events`, what the function does comes into `seen`."""

    def __init__(self):
        self.events, self.seen = queue.Queue(), queue.Queue()
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass  # the process was ended while it waited for an event


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.seen.put(("next", time.perf_counter(), None))
        event = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 900) * 1000)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:000000000000:function:f")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while (size := int(self.rfile.readline(), 16)) > 0:
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self.server.seen.put((self.path.rsplit("/", 1)[1], time.perf_counter(), body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def until(api, what):
    """The next thing the function does, which must be this."""
    kind, at, body = api.seen.get(timeout=60)
    assert kind == what, f"expected {what}, found {kind}: {body}"
    return at, body


def measure(bootstrap, config, event):
    starts, firsts, warm, memory = [], [], [], 0
    for turn in range(COLD):
        api = Api()
        runtime = {
            "PATH": os.environ["PATH"], "AWS_REGION": "eu-west-1", "DAYSEAL_LOGS": json.dumps(config), "RUST_LOG": "warn",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}", "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "AWS_LAMBDA_LOG_GROUP_NAME": "g", "AWS_LAMBDA_LOG_STREAM_NAME": "s",
        }
        begun = time.perf_counter()
        process = subprocess.Popen([bootstrap], env=runtime, stdout=subprocess.DEVNULL)
        starts.append(until(api, "next")[0] - begun)
        for call in range(WARM if turn == 0 else 1):
            sent = time.perf_counter()
            api.events.put(json.dumps(event).encode())
            answered, _ = until(api, "response")
            (firsts if call == 0 else warm).append(answered - sent)
            until(api, "next")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        memory = max(memory, int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))))
        process.terminate()
        process.wait()
        api.events.put(b"{}")  # lets the handler of the dead process end
        api.shutdown()
        api.server_close()

    def ms(values):
        return round(statistics.median(values) * 1000, 2)

    return {"start_ms": ms(starts), "first_call_ms": ms(firsts), "warm_call_ms": ms(warm), "peak_kib": memory}


def main():
    zips, dayseal = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    arch = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    results = {}
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        roots = {name: work / name / "main" for name in ("evidence", "state")}
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3 * 86400))
        run = lambda *args, text=None: subprocess.run([dayseal, *args], input=text, text=True, check=True, capture_output=True)
        run("init", str(work / "log"), "--origin", "audit.example.com/bench", "--first-day", day, "--evidence", str(roots["evidence"]), "--state", str(roots["state"]))
        line = json.dumps({"type": "data.read", "actor": {"id": "u", "type": "user"}, "action": "open", "outcome": "success"}) + "\n"
        run("--config", str(work / "log/dayseal.toml"), "--now", f"{day}T12:00:00.000Z", "record", text=line * 1000)
        run("--config", str(work / "log/dayseal.toml"), "seal")
        policies = work / "state/policies"
        policies.mkdir()
        (policies / "main").write_text((work / "log/policy").read_text())
        keys = str(work / "log/keys.json")
        config = {
            "v": 1, "evidence": str(work / "evidence"), "state": str(work / "state"), "signing_key": keys, "wrapping_key": keys,
            "logs": {"main": {"origin": "audit.example.com/bench", "first_day": day}},
        }
        # Nothing to seal, a range to verify, ten entries to store.
        events = {"seal": {}, "verify": {"from": day, "to": day}, "example": {"calls": 10}}
        for name, event in events.items():
            path = zips / f"dayseal-{name}-{arch}.zip"
            bootstrap = work / name
            bootstrap.write_bytes(zipfile.ZipFile(path).read("bootstrap"))
            bootstrap.chmod(0o755)
            results[name] = {"zip_bytes": path.stat().st_size, **measure(bootstrap, config, event)}
    if "--json" in sys.argv:
        print(json.dumps(results))
        return
    print(f"{'function':10}{'zip MB':>8}{'start ms':>10}{'first ms':>10}{'warm ms':>9}{'peak MiB':>10}")
    for name, r in results.items():
        print(f"{name:10}{r['zip_bytes'] / 1e6:8.2f}{r['start_ms']:10.1f}{r['first_call_ms']:10.1f}{r['warm_call_ms']:9.2f}{r['peak_kib'] / 1024:10.1f}")


main()
