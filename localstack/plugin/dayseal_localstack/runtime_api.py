"""The Lambda Runtime API (2018-06-01) for one process; knows nothing of LocalStack.

What the process does arrives in `RuntimeApi.events`, in order: `Polled` (it asks for work, so
whatever it wrote before is written), `Answered`, `InitFailed`, and `Exited` from whoever waits for it.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import dataclasses
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/2018-06-01/runtime/"
MAX_ANSWER = 6 * 1024 * 1024  # bytes; Lambda's limit for a synchronous answer


@dataclasses.dataclass(frozen=True)
class Invocation:
    request_id: str
    payload: bytes
    deadline_ms: int  # since 1970
    function_arn: str
    trace_id: str


@dataclasses.dataclass(frozen=True)
class Polled:
    pass


@dataclasses.dataclass(frozen=True)
class Answered:
    request_id: str
    body: bytes
    is_error: bool


@dataclasses.dataclass(frozen=True)
class InitFailed:
    body: bytes


@dataclasses.dataclass(frozen=True)
class Exited:
    code: int  # as of Popen: negative is a signal


class RuntimeApi:
    """A server on a free port of 127.0.0.1, until `close`."""

    def __init__(self):
        self.events = queue.Queue()
        self._work = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.api = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self):
        """For AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def hand_out(self, invocation):
        """Answer the process's poll, the present one or the next, with this invocation."""
        self._work.put(invocation)

    def close(self):
        self._work.put(None)  # lets a waiting poll go
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path != PREFIX + "invocation/next":
            return self._reply(404)
        api = self.server.api
        api.events.put(Polled())
        work = api._work.get()
        if work is None:
            self.close_connection = True
            return None
        return self._reply(200, work.payload, {
            "Lambda-Runtime-Aws-Request-Id": work.request_id,
            "Lambda-Runtime-Deadline-Ms": str(work.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": work.function_arn,
            "Lambda-Runtime-Trace-Id": work.trace_id,
        })

    def do_POST(self):
        body, events = self._body(), self.server.api.events
        if self.path == PREFIX + "init/error":
            events.put(InitFailed(body))
            return self._reply(202, b'{"status":"OK"}')
        request_id, _, kind = self.path.removeprefix(PREFIX + "invocation/").partition("/")
        if kind not in ("response", "error"):
            return self._reply(404)
        if len(body) > MAX_ANSWER:
            too_large = (b'{"errorType":"Function.ResponseSizeTooLarge",'
                         b'"errorMessage":"the answer exceeds %d bytes"}' % MAX_ANSWER)
            events.put(Answered(request_id, too_large, True))
            return self._reply(413, too_large)
        events.put(Answered(request_id, body, kind == "error"))
        return self._reply(202, b'{"status":"OK"}')

    def _body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(parts)

    def _reply(self, status, body=b"{}", headers=None):
        with contextlib.suppress(ConnectionError):  # the process may be gone: `Exited` tells
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
