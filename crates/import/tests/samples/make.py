#!/usr/bin/env python3
"""Makes the samples beside it with the programs that write such logs, unchanged.

    pip install rotalabs-comply==1.1.0 && ./make.py rotalabs
    pip install "kailash-kaizen[observability]==2.46.1" && ./make.py kaizen
    ./make.py kling-chain  DOCUMENT    # Markdown with the logger in its first block of Python
    ./make.py kling-events DOCUMENT

What is logged is made up. The key in rotalabs.key opens the samples and nothing else. Ids and times
are new in every run, and so are the tests' expectations that hold them.
"""

import asyncio
import hashlib
import os
import re
import shutil
import sys
import tempfile
import time
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent


def rotalabs():
    from rotalabs_comply import AuditLogger, EncryptionManager
    from rotalabs_comply.audit import FileStorage

    async def fill(logger):
        await logger.log(
            input="Summarize the quarterly report \u2013 caf\u00e9 \U0001f512",
            output="Q4 showed 15% revenue growth.",
            provider="openai",
            model="gpt-4-turbo",
            conversation_id="conv-abc-123",
            latency_ms=450.5,
            input_tokens=150,
            output_tokens=200,
            alerts=["long prompt"],
            metadata={
                "user_id": "user-123",
                "session_id": "session-456",
                "department": "finance",
                "use_case": "report_summarization",
                "sensitivity": "internal",
                "temperature": 0.7,
                "nested": {"team": ["a", "b"], "cost": 1.25},
            },
        )
        await logger.log(
            input="How to hack a bank?",
            output="",
            provider="anthropic",
            model="claude-3-opus",
            safety_passed=False,
            detectors_triggered=["harm", "crime"],
            block_reason="harmful request",
            metadata={"user_id": "user-124"},
        )
        await logger.log(input="Hello!", output="Hi.", provider="openai", model="gpt-4")

    async def write(name, **options):
        with tempfile.TemporaryDirectory() as directory:
            await fill(AuditLogger(FileStorage(directory), **options))
            [made] = Path(directory).glob("audit_*.jsonl")
            shutil.copy(made, HERE / name)

    manager = EncryptionManager()
    asyncio.run(write("rotalabs-hashes.jsonl"))
    asyncio.run(write("rotalabs-plain.jsonl", store_content=True))
    asyncio.run(write("rotalabs-encrypted.jsonl", store_content=True, encryption=manager))
    (HERE / "rotalabs.key").write_bytes(manager.get_key() + b"\n")
    os.chmod(HERE / "rotalabs.key", 0o600)


def kaizen():
    from kaizen.core.autonomy.hooks.builtin.audit_trail_hook import AuditTrailHook
    from kaizen.core.autonomy.hooks.types import HookContext, HookEvent
    from kaizen.core.autonomy.observability import AuditTrailManager, FileAuditStorage
    path = HERE / "kaizen.jsonl"
    path.unlink(missing_ok=True)
    manager = AuditTrailManager(storage=FileAuditStorage(str(path)))

    async def fill():
        await manager.record(
            agent_id="qa-agent",
            action="tool_execute",
            details={"tool_name": "bash_command", "command": "ls -la", "duration_ms": 45.2},
            result="success",
            user_id="user@example.com",
            metadata={"danger_level": "MODERATE", "approved_by": "ada", "environment": "production"},
        )
        await manager.record(
            agent_id="qa-agent",
            action="permission_deny",
            details={"tool_name": "file_delete", "reason": "outside the sandbox"},
            result="denied",
            user_id="user123",
        )
        await manager.record(
            agent_id="pay-agent",
            action="checkpoint_save",
            details={"error": "disk full", "inputs": {"question": "What is GDPR?"}},
            result="failure",
        )
        hook = AuditTrailHook(audit_manager=manager)
        for event in HookEvent:
            done = await hook.handle(
                HookContext(
                    event_type=event,
                    agent_id="hooked-agent",
                    timestamp=time.time(),
                    data={"question": "What is GDPR?", "error": None},
                    metadata={"tenant": "acme"},
                    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
                )
            )
            assert done.success, done

    asyncio.run(fill())
    os.chmod(path, 0o644)


def first_python(document):
    return re.search(r"```python\n(.*?)```", Path(document).read_text(), re.S).group(1)


def run_document(document, work):
    """The document's code as a module, in an empty directory; gives the file that `work` names."""
    with tempfile.TemporaryDirectory() as directory:
        before = os.getcwd()
        os.chdir(directory)
        try:
            code = compile(first_python(document), "document", "exec", dont_inherit=True)
            module = types.ModuleType("logger")
            sys.modules["logger"] = module
            exec(code, module.__dict__)
            return Path(work(module.__dict__)).read_bytes()
        finally:
            os.chdir(before)


def kling_chain(document):
    def work(names):
        log = names["AuditLogger"]()
        log.log("task_submitted", "ada", {
            "action": "text_to_video", "model": "kling-v2-master", "duration": 5, "mode": "standard",
            "prompt_hash": hashlib.sha256(b"a cat on a roof").hexdigest()[:16], "prompt_length": 15,
        })
        log.log("task_completed", "ada", {
            "action": "text_to_video", "status": "succeed", "video_count": 1,
        })
        log.log("auth_event", "system", {
            "event": "token_refresh", "success": False, "access_key_prefix": "AKabcdef...",
        })
        # What json.dumps writes in ways of its own.
        log.log("task_completed", "\u00e4da", {
            "status": "failed", "note": "\U0001f512 \u2028 \"\\ \x7f\x01/", "zeta": [1, 2.50, 1e16, 1e-7, 123456789012345678901234567890, True, None],
            "\u00e9": {"b": {}, "a": []}, "cost": 0.1, "Z": -0.0, "huge": 1.5e300, "whole": 3.0,
        })
        log.log("quota_warning", "system", {})
        [made] = Path("audit").glob("*.jsonl")
        return made

    (HERE / "kling-chain.jsonl").write_bytes(run_document(document, work))


def kling_events(document):
    def work(names):
        kinds = names["AuditEventType"]
        log = names["AuditLogger"](json_file="audit.json")
        log.log(kinds.PROMPT_SUBMITTED, "ada@example.com", "video", "text_to_video", resource_id="task-1",
                ip_address="203.0.113.7", user_agent="curl/8.5", model="kling-v2", prompt="a cat on a roof")
        log.log(kinds.GENERATION_COMPLETED, "ada@example.com", "video", "text_to_video", resource_id="task-1",
                model="kling-v2", duration_seconds=5.5, api_key="sk-1234")
        log.log(kinds.ACCESS_DENIED, "bob", "settings", "open", outcome="blocked", actor_type="admin")
        log.log(kinds.BUDGET_MODIFIED, "eve", "budget", "raise", actor_type="admin",
                field="monthly", old_value="100", new_value="500")
        log.log(kinds.POLICY_VIOLATION, "bob", "prompt", "submit", outcome="blocked", policy="violence")
        log.log(kinds.API_KEY_USED, "ci", "api", "call", actor_type="system")
        return "audit.json"

    (HERE / "kling-events.jsonl").write_bytes(run_document(document, work))


def main():
    name, *documents = sys.argv[1:] or [""]
    makers = {"rotalabs": rotalabs, "kaizen": kaizen, "kling-chain": kling_chain, "kling-events": kling_events}
    if name not in makers:
        sys.exit(__doc__)
    makers[name](*documents)


if __name__ == "__main__":
    main()
