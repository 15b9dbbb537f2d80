"""One run of a function's `bootstrap`: the process, its Runtime API and what it writes."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading

from .runtime_api import Exited, RuntimeApi


class BootstrapProcess:
    """Raises OSError if there is no `bootstrap`, or none that this machine can run."""

    def __init__(self, code, env):
        self.api = RuntimeApi()
        # A file and no pipe: once the process polls, all that it wrote before can be read, without waiting.
        self._output = tempfile.TemporaryFile()
        self._partial = b""
        self._read_to = 0
        bootstrap = code / "bootstrap"
        try:
            bootstrap.chmod(0o755)
            self._process = subprocess.Popen(
                [str(bootstrap)],
                cwd=code,
                env={**env, "AWS_LAMBDA_RUNTIME_API": self.api.address},
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its children end with it
            )
        except OSError:
            self.api.close()
            raise
        threading.Thread(target=lambda: self.api.events.put(Exited(self._process.wait())), daemon=True).start()

    def next_event(self, seconds):
        """The next event of `runtime_api`; raises queue.Empty after `seconds`."""
        return self.api.events.get(timeout=max(0, seconds))

    def new_lines(self, to_the_end=False):
        """Lines written since the last call; an unfinished one only `to_the_end`."""
        fd = self._output.fileno()
        data = os.pread(fd, os.fstat(fd).st_size - self._read_to, self._read_to)
        self._read_to += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        if to_the_end and self._partial:
            lines.append(self._partial)
            self._partial = b""
        return [line.decode(errors="replace") for line in lines]

    def peak_memory_mb(self):
        """Most memory resident so far, in MiB as Lambda counts; None if it ended or this is no Linux."""
        with contextlib.suppress(OSError), open(f"/proc/{self._process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return -(-int(line.split()[1]) // 1024)
        return None

    def is_alive(self):
        return self._process.poll() is None

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self):
        """Also kills children that outlived it."""
        self.kill()
        self.api.close()
        self._output.close()
