"""Runs a Lambda function's own `bootstrap` as a process, where LocalStack starts a container.

Chosen by LAMBDA_RUNTIME_EXECUTOR=process. One process serves one invocation at a time and is reused
until it ends, times out, or idles for LAMBDA_KEEPALIVE_MS. What this does not do is in ../../LIMITS.md.
"""

import json
import math
import queue
import signal
import threading
import time
from pathlib import Path

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

from . import emf
from .process import BootstrapProcess
from .runtime_api import Answered, Exited, InitFailed, Invocation, Polled

INIT_SECONDS = 10  # Lambda's bound for what comes before the first poll
NOT_LAMBDAS_OWN = ("LOCALSTACK_", "EDGE_PORT", "AWS_LAMBDA_FUNCTION_TIMEOUT")


class ProcessExecutor(RuntimeExecutor):
    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self._env = {}
        self._process = None
        self._busy = threading.Lock()

    # -- what LocalStack calls ---------------------------------------------------------------

    @classmethod
    def prepare_version(cls, function_version):
        if function_version.config.code:
            function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass

    def start(self, env_vars):
        """Only remembers the environment: the first invocation starts the process, so that a failure there has logs."""
        code = str(self._code())
        self._env = {
            "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
            "LANG": "en_US.UTF-8",
            **{name: str(value) for name, value in env_vars.items() if not name.startswith(NOT_LAMBDAS_OWN)},
            "LAMBDA_TASK_ROOT": code,
            "LAMBDA_RUNTIME_DIR": code,
        }

    def stop(self):
        # No lock: it ends a running invocation, which then sees its process exit.
        if process := self._process:
            process.kill()
            if self._busy.acquire(blocking=False):
                self._drop()
                self._busy.release()

    def invoke(self, payload):
        with self._busy:
            run = _Run(payload["invoke-id"], self.function_version)
            if self._process and not self._process.is_alive():
                self._drop()
            if self._process or self._boot(run):
                self._serve(run, payload)
            run.memory_mb = self._process and self._process.peak_memory_mb()
            if run.process_is_spent:
                self._drop()
            version = self.function_version.id
            emf.publish(run.lines, version.account, version.region)
            return InvocationResult(run.request_id, run.body, is_error=run.is_error, logs=run.log())

    def get_logs(self):
        return ""  # LocalStack's debug log only; CloudWatch Logs has them by invocation

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"  # becomes AWS_ENDPOINT_URL

    def get_runtime_endpoint(self):
        return ""  # LocalStack's own protocol with its container; the process has the Runtime API

    # -- one process, one invocation ---------------------------------------------------------

    def _code(self):
        return Path(self.function_version.config.code.get_unzipped_code_location())

    def _drop(self):
        process, self._process = self._process, None
        if process:
            process.close()

    def _boot(self, run):
        """Start the process and wait for its first poll; on failure `run` has the error."""
        began = time.monotonic()
        try:
            self._process = BootstrapProcess(self._code(), self._env)
        except OSError as error:
            run.fail("Runtime.InvalidEntrypoint", f"cannot run the zip's bootstrap on this machine: {error}")
            return False
        limit = max(INIT_SECONDS, run.timeout)
        try:
            event = self._process.next_event(limit)
            while isinstance(event, Answered):  # to an invocation that there was not
                event = self._process.next_event(began + limit - time.monotonic())
        except queue.Empty:
            self._process.kill()
            run.fail("Sandbox.Timedout", f"init did not end within {limit:.2f} seconds")
        else:
            if isinstance(event, Polled):
                run.init_ms = (time.monotonic() - began) * 1000
                run.lines += self._process.new_lines()
                return True
            run.give_up(event)
        run.lines += self._process.new_lines(to_the_end=True)
        return False

    def _serve(self, run, payload):
        """Hand out the invocation; it is over when the process polls again, ends, or its time is up."""
        process = self._process
        began = time.monotonic()
        process.api.hand_out(Invocation(
            request_id=run.request_id,
            payload=payload["payload"].encode(),
            deadline_ms=int((time.time() + run.timeout) * 1000),
            function_arn=payload["invoked-function-arn"],
            trace_id=payload["trace-id"],
        ))
        while True:
            try:
                event = process.next_event(began + run.timeout - time.monotonic())
            except queue.Empty:
                process.kill()
                run.time_out()
                break
            if isinstance(event, Answered):
                if event.request_id == run.request_id and run.body is None:
                    run.body, run.is_error = event.body, event.is_error
            elif isinstance(event, Polled) and run.body is not None:
                break
            elif isinstance(event, (Exited, InitFailed)):
                run.give_up(event)
                break
        run.ms = (time.monotonic() - began) * 1000
        run.lines += process.new_lines(to_the_end=True)


class _Run:
    """What became of one invocation."""

    def __init__(self, request_id, function_version):
        self.request_id = request_id
        self.version = function_version.id.qualifier
        self.memory_limit_mb = function_version.config.memory_size
        self.timeout = function_version.config.timeout
        self.body = None
        self.is_error = False
        self.process_is_spent = False
        self.lines = []
        self.trouble = []  # Lambda's own lines
        self.ms = 0.0
        self.init_ms = None
        self.memory_mb = None

    def fail(self, error_type, message):
        """The process did not answer, and is not used again. An answer already given stands."""
        self.process_is_spent = True
        self.trouble.append(f"RequestId: {self.request_id} Error: {message}")
        if self.body is None:
            self.is_error = True
            self.body = json.dumps({
                "errorType": error_type,
                "errorMessage": f"RequestId: {self.request_id} Error: {message}",
            }).encode()

    def time_out(self):
        self.fail("Sandbox.Timedout", f"Task timed out after {self.timeout:.2f} seconds")

    def give_up(self, event):
        if isinstance(event, InitFailed):
            self.process_is_spent = self.is_error = True
            self.body = event.body
        elif event.code < 0:
            self.fail("Runtime.ExitError", f"Runtime exited with error: signal: {signal.Signals(-event.code).name}")
        elif event.code:
            self.fail("Runtime.ExitError", f"Runtime exited with error: exit status {event.code}")
        else:
            self.fail("Runtime.ExitError", "Runtime exited without providing a reason")

    def log(self):
        report = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {self.ms:.2f} ms",
            f"Billed Duration: {math.ceil(self.ms)} ms",
            f"Memory Size: {self.memory_limit_mb} MB",
            f"Max Memory Used: {self.memory_mb or self.memory_limit_mb} MB",
        ]
        if self.init_ms is not None:
            report.append(f"Init Duration: {self.init_ms:.2f} ms")
        return "\n".join([
            f"START RequestId: {self.request_id} Version: {self.version}",
            *self.lines,
            *self.trouble,
            f"END RequestId: {self.request_id}",
            "\t".join(report),
        ])


class ProcessExecutorPlugin(RuntimeExecutorPlugin):
    name = "process"

    def load(self, *args, **kwargs):
        return ProcessExecutor
