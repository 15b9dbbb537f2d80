"""Each role with real requests, on an emulator that enforces its rights: what it must do, and what it is refused."""

import base64
import json
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from deployment import Deployment, days_ago
from people import People, session, statements, take, trust, user_arn
from place import EMULATOR, NAME, REGION, answer_of, client, wait_for
from rights import TABLE, Requests, cells

FIRST, SECOND, THIRD, LAST = (days_ago(days) for days in (4, 3, 2, 1))
ORIGINS = {"main": "audit.example.com/roles/main", "other": "audit.example.com/roles/other"}
# Roles of the tables, as the module calls them.
NAMES = {"producer": "producer-main", "other-producer": "producer-other", "sealer": "sealer", "verifier": "verifier", "auditor": "auditor", "eraser": "eraser"}
PROMPT = "Where is my parcel, 4711?"
# What the command does for each role: ok, or - for refused. The auditor's policy asks for level entries, the verifier's for objects.
COMMANDS = """
command  arguments   producer  sealer  verifier  auditor  eraser
record   -           ok        -       -         -        ok
seal     THIRD       -         ok      -         -        -
verify   objects     -         ok      ok        ok       -
verify   entries     -         -       -         ok       -
cat      FIRST       -         -       -         ok       -
"""
SERVICE, AUDIT, STANDIN = (user_arn(name) for name in ("service", "audit", "standin"))
MORE = f"""
  example_log              = "main"
  producers                = {{ main = ["{SERVICE}"], other = ["{SERVICE}"] }}
  auditor_principals       = ["{AUDIT}"]
  eraser_principals        = ["{AUDIT}"]
  require_mfa              = false
"""


def setUpModule():
    """As docs/operations.md says, by the retention admin: apply, init, policy, apply."""
    global deployment, log, users, roles
    people = People()
    unittest.addModuleCleanup(people.remove)
    users = {name: people.user(name) for name in ("audit", "service", "standin", "stranger")}
    roles = {name: people.administrator(role, users["audit"]) for name, role in (("admin", "deploy"), ("dba", "dba"))}
    logs = {name: {"origin": origin, "first_day": FIRST} for name, origin in ORIGINS.items()}
    deployment = Deployment(logs, roles["admin"], MORE)
    if not EMULATOR:
        unittest.addModuleCleanup(lambda: deployment.destroy(session("deploy", users["audit"])))
    log = deployment.log("main", ORIGINS["main"], FIRST)
    deployment.apply(setup=False)
    takers = {"producer": "service", "other-producer": "service", "auditor": "audit", "eraser": "audit"}
    roles |= {role: session(name, users[takers[role]]) if role in takers else session_of_lambda(name) for role, name in NAMES.items()}


def session_of_lambda(role):
    """A session of a role that is Lambda's alone: for a moment its trust names a user who stands in."""
    iam, name = client("iam"), f"{NAME}-{role}"
    own = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(STANDIN))
    try:
        return session(role, users["standin"])
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(own))


def granted(args):
    """What the auditor is shown, once it is."""
    done = log.run(*args, expect=(0, 3), credentials=roles["auditor"])
    return done.stdout if done.returncode == 0 else None


class Roles(unittest.TestCase):
    """In the order of the names: the log runs, each part of it by its own role."""

    def test_1_roles_are_assumed_by_whom_they_are_for(self):
        takers = {"service": {"producer-main", "producer-other"}, "audit": {"auditor", "eraser"}, "standin": set(), "stranger": set()}
        for name in ["producer-main", "producer-other", "sealer", "verifier", "auditor", "eraser", "scheduler"]:
            for taker, may in takers.items():
                with self.subTest(role=name, by=taker):
                    expected = "ok" if name in may else "-"
                    self.assertEqual(answer_of(lambda: take(name, users[taker]), expected), expected)

    def test_2_the_producer_records(self):
        for day in (FIRST, SECOND, THIRD, LAST):
            log.record(day, 30, credentials=roles["producer"])
        self.assertEqual(len(log.keys("entries/")), 4)

    def test_3_the_sealer_signs_in_kms_and_the_signature_verifies_offline(self):
        sealed = json.loads(log.run("seal", "--through", SECOND, "--json", credentials=roles["sealer"]).stdout)["sealed"]
        self.assertEqual([day["day"] for day in sealed], [FIRST, SECOND])
        public = self.verifies_offline(SECOND)
        in_kms = client("kms", roles["auditor"]).get_public_key(KeyId=deployment.out["signing_key_arn"])["PublicKey"]
        self.assertEqual(load_der_public_key(in_kms), public)

    def verifies_offline(self, day):
        """The day's checkpoint under the policy's key; gives that key."""
        note = client("s3", roles["auditor"]).get_object(Bucket=log.bucket, Key=f"main/checkpoints/{day}")["Body"].read()
        text, _, line = note.partition(b"\n\n")
        signer, signature = line.decode().removeprefix("\u2014 ").split()
        signature = base64.b64decode(signature)
        [verifier_key] = json.loads((log.run("policy", "print", "--json")).stdout)["verifier_keys"]
        name, key_id, material = verifier_key.split("+", 2)
        material = base64.b64decode(material)
        # C2SP signed note: the key's id, then what is signed is the text with its last line end; type 1 is Ed25519.
        self.assertEqual((signer, signature[:4].hex(), material[0]), (name, key_id, 1))
        public = Ed25519PublicKey.from_public_bytes(material[1:])
        public.verify(signature[4:], text + b"\n")
        with self.assertRaises(InvalidSignature):
            public.verify(signature[4:], text + b"\n\n")
        return public

    def test_4_each_command_works_for_its_roles_alone(self):
        policy = (log.dir / "policy").read_text()
        (log.dir / "policy.objects").write_text(policy.replace("require entries", "require objects"))
        event = json.dumps({"type": "data.read", "actor": {"id": "u-1", "type": "user"}, "action": "open", "outcome": "success"})
        arguments = {
            "record": ["record"],
            "seal": ["seal", "--through", THIRD],
            "objects": ["--policy", str(log.dir / "policy.objects"), "verify", "--level", "objects"],
            "entries": ["verify", "--level", "entries"],
            "cat": ["cat", FIRST],
        }
        before = set(log.keys(""))
        # First all that is refused, while there is something to seal.
        for words, role, expected in sorted(cells(COMMANDS), key=lambda cell: cell[2]):
            if expected == "ok" and before:
                self.assertEqual(set(log.keys("")), before, "a refused command stored something")
                before = None
            with self.subTest(command=words, role=role):
                args = arguments.get(words[0]) or arguments[words[1]]
                done = log.run(*args, expect=range(256), text=event, credentials=roles[role])
                said = done.stdout + done.stderr
                if expected == "ok":
                    self.assertEqual(done.returncode, 0, said)
                else:
                    self.assertNotEqual(done.returncode, 0, said)
                    self.assertIn("AccessDenied", said)
                self.assertEqual('"u-1"' in said, words[0] == "cat" and expected == "ok", "who reads entries")
        self.assertIsNone(before)
        self.verifies_offline(THIRD)

    def test_5_functions_run_with_the_rights_of_their_role(self):
        runs = [
            ("example", "producer-main", {"user": "u-7", "calls": 5}, {"stored": 5}),
            ("seal", "sealer", {"log": "main"}, {"newest": LAST, "done": True}),
            ("verify", "verifier", {"log": "main", "first_run": True}, {"exit_code": 0, "verdict": "holds"}),
        ]
        iam = client("iam")
        for function, role, payload, expected in runs:
            with self.subTest(function=function):
                name = {"RoleName": f"{NAME}-{role}", "PolicyName": role}
                rights = iam.get_role_policy(**name)["PolicyDocument"]
                iam.delete_role_policy(**name)
                try:
                    # Without `first_run`, which works once.
                    without = self.invoked(function, {key: payload[key] for key in payload if key != "first_run"}, lambda answer: "errorType" in answer)
                finally:
                    iam.put_role_policy(**name, PolicyDocument=json.dumps(rights))
                self.assertIn(without.get("errorType"), ("Keys", "Store"), without)
                self.assertIn("AccessDenied", json.dumps(without))
                answer = self.invoked(function, payload, lambda answer: "errorType" not in answer)
                self.assertEqual({field: answer.get(field) for field in expected}, expected, answer)
        self.verifies_offline(LAST)
        report = json.loads(log.run("verify", "--json", credentials=roles["auditor"]).stdout)
        self.assertEqual((report["exit_code"], report["level"], report["last"]), (0, "entries", LAST))

    def invoked(self, function, payload, settled):
        """The answer; in AWS the first that is settled, since rights take their time there."""
        if EMULATOR:
            return deployment.invoke(function, payload)
        answers = []

        def one():
            answers.append(deployment.invoke(function, payload))
            return settled(answers[-1])

        wait_for(f"{function} has the rights that it has now", one)
        return answers[-1]

    def test_6_an_auditor_sees_evidence_and_contents_only_if_they_are_granted(self):
        log.with_contents()
        event = {"type": "ai.generation.completed", "actor": {"id": "u-1", "type": "user"}, "action": "chat", "outcome": "success"}
        text = json.dumps({"event": event, "contents": [{"field": "content.input", "text": PROMPT}]})
        log.run("record", text=text, credentials=roles["producer"])
        prompt = log.dir / "prompt"
        prompt.write_text(PROMPT)

        def auditor(*args, expect=0):
            return log.run(*args, expect=(expect,), credentials=roles["auditor"])

        # Evidence: to be found, shown, proved and taken away. That it was read the log cannot say, and the reader is told.
        found = auditor("query", "--type", "ai.", "--service", "cli", "--format", "json")
        self.assertIn("not recorded in the log", found.stderr)
        entry = json.loads(found.stdout)
        self.assertEqual(entry["content"]["input"]["scheme"], "commit-v1")
        self.assertIn(entry["id"], auditor("get", entry["id"]).stdout)
        self.assertIn(entry["id"], auditor("cat", days_ago(0)).stdout)
        self.assertEqual(auditor("activity", entry["actor"]["id"], "--json").returncode, 0)
        sealed = json.loads(auditor("cat", FIRST).stdout.splitlines()[0])["id"]
        proof = log.dir / "entry.proof"
        auditor("prove", sealed, "--out", str(proof))
        self.assertIn(sealed, auditor("verify-proof", str(proof)).stdout)
        auditor("bundle", "--days", FIRST, "--out", str(log.dir / "bundle"))
        health = json.loads(auditor("health", "--json").stdout)
        self.assertEqual((health["exit_code"], health["last_seal"]["day"], health["unread"]), (0, LAST, 0))

        closed = [["cat", days_ago(0), "--content"], ["content", "check", "--entry", entry["id"], "--input", str(prompt)]]

        def refused():
            for args in closed:
                with self.subTest(refused=args[0]):
                    done = auditor(*args, expect=3)
                    self.assertEqual(done.stdout, "", "nothing is half shown")
                    for words in ("contents are closed to you", "s3:GetObject", "auditor_reads_content", "AccessDenied"):
                        self.assertIn(words, done.stderr)
                    self.assertNotIn(PROMPT, done.stderr)

        refused()
        deployment.change("auditor_reads_content = true")
        self.addCleanup(deployment.change, "")
        shown, same = (wait_for(f"{args[0]} is granted", lambda args=args: granted(args)) for args in closed)
        self.assertIn(PROMPT, shown)
        self.assertIn("same", same)
        deployment.change("")
        if EMULATOR:
            refused()

    def test_6_the_auditor_may_read_every_setting_that_check_looks_at(self):
        group = deployment.out["function_names"]["seal"].removesuffix("-seal")
        schedules = [f"--schedule={group}/{function}-main" for function in ("seal", "verify")]
        args = ["check", "--profile", "soc2", "--content", deployment.out["roots"]["main"]["content"], *schedules, "--json"]

        def unread(role):
            checks = json.loads(log.run(*args, expect=(0, 1, 3), credentials=roles[role]).stdout)["checks"]
            return {check["id"]: check["detail"] for check in checks if "AccessDenied" in json.dumps(check)}, checks

        refused, checks = unread("auditor")
        self.assertEqual(refused, {})
        # One account, no replication, no access log; the policy expects no service yet.
        self.assertEqual({check["id"] for check in checks if check["status"] != "PASS"}, {"B12", "B14", "P01"}, checks)
        self.assertLess({"B02", "B10", "K01", "S01"}, set(unread("verifier")[0]))

    def test_7_every_request_is_answered_as_the_table_says(self):
        requests = Requests(deployment, ORIGINS, roles)
        for (verb, place), role, expected in cells(TABLE):
            with self.subTest(verb=verb, place=place, role=role):
                self.assertEqual(answer_of(requests.request(verb, place, roles[role]), expected), expected)

    def test_8_without_tls_nobody_is_answered(self):
        def plainly(request, **_):
            request.headers["X-Forwarded-Proto"] = "http"

        for role, credentials in roles.items():
            if EMULATOR:
                # It listens without TLS and believes the header of a proxy that had it.
                s3 = client("s3", credentials)
                s3.meta.events.register("before-sign.s3", plainly)
            else:
                s3 = client("s3", credentials, use_ssl=False, endpoint_url=f"http://s3.{REGION}.amazonaws.com")
            for name in ("evidence", "content", "state"):
                with self.subTest(role=role, bucket=name):
                    self.assertEqual(answer_of(lambda: s3.list_objects_v2(Bucket=deployment.out[f"{name}_bucket"])), "-")


if __name__ == "__main__":
    unittest.main()
