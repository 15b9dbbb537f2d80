"""The executor: a function's own bootstrap as a process."""

import base64
import json
import sys
import time
import unittest

from emulator import (
    ENDPOINT, REGION, client, create_from_zip, create_function, create_queue, eventually, invoke, log_lines, receive,
)


class Answers(unittest.TestCase):
    def test_environment_and_headers_are_as_lambda_sets_them(self):
        name, arn = create_function(
            """
            def handle(event, headers):
                seen = {"env": dict(os.environ), "headers": dict(headers), "event": event}
                return {**seen, "now": time.time(), "cwd": os.getcwd()}
            """,
            timeout=7, MemorySize=256, Environment={"Variables": {"DAYSEAL_LOGS": "{}"}},
        )
        got, error = invoke(name, {"a": "é"})
        self.assertIsNone(error)
        self.assertEqual(got["event"], {"a": "é"})
        env = got["env"]
        for variable, value in {
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": ENDPOINT,
            "DAYSEAL_LOGS": "{}",
            "LAMBDA_TASK_ROOT": got["cwd"],
            "_HANDLER": "bootstrap",
        }.items():
            self.assertEqual(env.get(variable), value, variable)
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            self.assertTrue(env.get(variable), variable)
        self.assertEqual([v for v in env if v.startswith("LOCALSTACK")], [])
        headers = {key.lower(): value for key, value in got["headers"].items()}
        self.assertAlmostEqual(int(headers["lambda-runtime-deadline-ms"]) / 1000 - got["now"], 7, delta=1)
        self.assertEqual(headers["lambda-runtime-invoked-function-arn"], arn)
        self.assertRegex(headers["lambda-runtime-trace-id"], r"^Root=1-[0-9a-f]{8}-[0-9a-f]{24};")

    def test_process_is_reused_and_its_lines_reach_the_logs_in_order(self):
        name, _ = create_function("""
            print("before the first poll", flush=True)
            def handle(event, headers):
                sys.stdout.write(f"one {event['n']}\\ntwo, unended")
                sys.stdout.flush()
                return os.getpid()
        """)
        answer = client("lambda").invoke(FunctionName=name, Payload=b'{"n":1}', LogType="Tail")
        first = json.load(answer["Payload"])
        self.assertEqual(invoke(name, {"n": 2}), (first, None))

        def shape(lines):
            return [line.split(" ")[0] if line.startswith(("START", "END", "REPORT")) else line for line in lines]

        run = ["START", "before the first poll", "one 1", "two, unended", "END", "REPORT"]
        tail = base64.b64decode(answer["LogResult"]).decode()
        self.assertEqual(shape(tail.splitlines()), run)
        self.assertRegex(tail, r"Init Duration: \d+\.\d\d ms")
        self.assertRegex(tail, r"Max Memory Used: [1-9]\d* MB")
        lines = eventually(lambda: (got := shape(log_lines(name))).count("REPORT") == 2 and got)
        self.assertEqual(lines, run + ["START", "one 2", "two, unended", "END", "REPORT"])

    def test_a_runtime_may_keep_its_connection_and_answer_in_chunks(self):
        bootstrap = f"""#!{sys.executable}
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
socket = None
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    polled = api.getresponse()
    polled.read()
    first, socket = socket is None, socket or api.sock
    chunks = [b'{{"a":', b'"' + b"x" * 100000 + b'"', b"}}"] if first else [b'"same"' if api.sock is socket else b'"new"']
    path = "/2018-06-01/runtime/invocation/" + polled.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    api.request("POST", path, body=iter(chunks), encode_chunked=True, headers={{"Transfer-Encoding": "chunked"}})
    api.getresponse().read()
"""
        name, _ = create_from_zip({"bootstrap": bootstrap})
        self.assertEqual(invoke(name), ({"a": "x" * 100000}, None))
        self.assertEqual(invoke(name), ("same", None))

    def test_six_mebibytes_pass_and_one_byte_more_does_not(self):
        name, _ = create_function("def handle(event, headers): return 'x' * event['n']")
        limit = 6 * 1024 * 1024 - 2  # the quotes
        answer, error = invoke(name, {"n": limit})
        self.assertEqual((len(answer), error), (limit, None))
        answer, error = invoke(name, {"n": limit + 1})
        self.assertEqual((answer["errorType"], error), ("Function.ResponseSizeTooLarge", "Unhandled"))


class Failures(unittest.TestCase):
    def test_error_is_told_and_the_process_goes_on(self):
        name, _ = create_function("""
            class Config(Exception): pass
            def handle(event, headers):
                if event: raise Config("no log")
                return os.getpid()
        """)
        before, _ = invoke(name)
        self.assertEqual(invoke(name, {"fail": 1}), ({"errorType": "Config", "errorMessage": "no log"}, "Unhandled"))
        self.assertEqual(invoke(name), (before, None))

    def test_timeout_ends_the_process_and_keeps_its_lines(self):
        name, _ = create_function("""
            def handle(event, headers):
                if event:
                    print("going to sleep", flush=True)
                    time.sleep(60)
                return os.getpid()
        """, timeout=1)
        before, _ = invoke(name)
        began = time.monotonic()
        answer, error = invoke(name, {"sleep": 1})
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual((answer["errorType"], error), ("Sandbox.Timedout", "Unhandled"))
        self.assertRegex(answer["errorMessage"], r"^RequestId: \S+ Error: Task timed out after 1\.00 seconds$")
        after, error = invoke(name)
        self.assertIsNone(error)
        self.assertNotEqual(before, after)
        lines = eventually(lambda: (got := log_lines(name)) and any("timed out" in line for line in got) and got)
        self.assertIn("going to sleep", lines)

    def test_exit_is_an_exit_error(self):
        name, _ = create_function("""
            def handle(event, headers):
                if "status" in event: os._exit(event["status"])
                if "signal" in event: os.kill(os.getpid(), event["signal"])
                return "well"
        """)
        for event, reason in (
            ({"status": 3}, "Runtime exited with error: exit status 3"),
            ({"status": 0}, "Runtime exited without providing a reason"),
            ({"signal": 9}, "Runtime exited with error: signal: SIGKILL"),
        ):
            answer, error = invoke(name, event)
            self.assertEqual((answer["errorType"], error), ("Runtime.ExitError", "Unhandled"))
            self.assertTrue(answer["errorMessage"].endswith(reason), answer)
            self.assertEqual(invoke(name), ("well", None))

    def test_init_that_fails_is_told_with_its_lines_each_time(self):
        cases = (
            ('post("init/error", {"errorType": "Config", "errorMessage": "DAYSEAL_LOGS is missing"})', "Config"),
            ("print('cannot start', flush=True); os._exit(1)", "Runtime.ExitError"),
        )
        for source, error_type in cases:
            name, _ = create_function(source)
            for _ in range(2):
                answer, error = invoke(name)
                self.assertEqual((answer["errorType"], error), (error_type, "Unhandled"))
        lines = eventually(lambda: (got := log_lines(name)).count("cannot start") == 2 and got)
        self.assertTrue(lines, "the lines of a failed init are in the logs")

    def test_no_bootstrap_is_an_invalid_entrypoint(self):
        for files in ({"main": "x"}, {"bootstrap": b"\x7fELF no program"}):
            name, _ = create_from_zip(files)
            answer, error = invoke(name)
            self.assertEqual((answer["errorType"], error), ("Runtime.InvalidEntrypoint", "Unhandled"))

    def test_children_end_with_a_timeout(self):
        name, _ = create_function("""
            import subprocess
            def handle(event, headers):
                if not event:
                    print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
                    time.sleep(60)
                command = f"/proc/{event['pid']}/cmdline"
                return os.path.exists(command) and open(command).read()  # empty once it has ended
        """, timeout=1)
        invoke(name)
        lines = eventually(lambda: log_lines(name))
        pid = next(int(line) for line in lines if line.isdigit())
        self.assertIn(invoke(name, {"pid": pid}), ((False, None), ("", None)))


class FailedAsynchronousInvocation(unittest.TestCase):
    def test_three_attempts_then_the_functions_dead_letter_queue(self):
        url, arn = create_queue()
        name, _ = create_function(
            "def handle(event, headers): print('attempt', flush=True); raise ValueError('always')",
            DeadLetterConfig={"TargetArn": arn},
        )
        client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"log":"main"}')
        message = receive(url, 20)
        self.assertEqual(message and json.loads(message["Body"]), {"log": "main"})
        self.assertTrue(eventually(lambda: log_lines(name).count("attempt") == 3), log_lines(name))
