"""A tier of workers is a named set of names, of the same form as the basic ones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from academy_ops.contract import tier_name
from academy_ops.remedies.parameter_text import EditError, Stored
from academy_ops.remedies.worker_env import compared, from_api
from academy_ops.report.settings import shown_settings
from academy_ops.settings import load
from academy_ops.settings.env_files import SettingsError
from checks.worker_report import compare, digest
from tests.checks import facts_factory as h
from tests.checks.scenarios import own
from tests.commands import academy_ops
from tests.wire import Handler, respond, server

TOOLS = {"AI_SQS_QUEUE_NAME_TOOLS": "academy-tools-queue", "AI_WORKER_ASG_NAME_TOOLS": "academy-tools-asg"}
OWN = {
    **TOOLS,
    "AI_WORKER_NAME_TOOLS": "excel-tools",
    "WORKER_ENV_PARAMETER_TOOLS": "/academy/tools/env",
    "AI_WORKER_LOG_GROUP_TOOLS": "/academy/tools-worker",
    "AI_AUTOSCALER_FUNCTION_TOOLS": "scale-tools",
}


def test_a_tier_has_names_of_its_own() -> None:
    settings = load(environ=OWN, default_env_file=None, tier="tools")
    assert (settings.queue, settings.group, settings.worker) == (
        "academy-tools-queue",
        "academy-tools-asg",
        "excel-tools",
    )
    assert (settings.parameter, settings.autoscaler) == ("/academy/tools/env", "scale-tools")
    assert settings.log_group == "/academy/tools-worker"


def test_what_is_not_of_a_tier_is_shared_but_never_its_log_group() -> None:
    basic = {"WORKER_ENV_PARAMETER": "/shared/env", "AI_WORKER_LOG_GROUP": "/academy/ai-worker"}
    settings = load(environ={**TOOLS, **basic}, default_env_file=None, tier="tools")
    assert (settings.worker, settings.parameter, settings.log_group) == ("academy-tools-worker", "/shared/env", None)


@pytest.mark.parametrize("tier", [None, "basic"])
def test_basic_is_the_default(tier: str | None) -> None:
    settings = load(environ=OWN, default_env_file=None, tier=tier)
    assert (settings.tier, settings.queue, settings.tiers) == ("basic", "academy-ai-jobs-basic", ("tools",))


def test_another_tier_may_have_any_name() -> None:
    assert tier_name("AI_SQS_QUEUE_NAME_BASIC", "big-files") == "AI_SQS_QUEUE_NAME_BIG_FILES"
    environ = {
        "AI_SQS_QUEUE_NAME_BIG_FILES": "q",
        "AI_WORKER_ASG_NAME_BIG_FILES": "g",
        "AI_WORKER_NAME_BIG_FILES": "w",
    }
    settings = load(environ=environ, default_env_file=None, tier="big-files")
    assert (settings.queue, settings.worker, settings.tiers) == ("q", "w", ("big-files",))


@pytest.mark.parametrize(
    ("environ", "tier", "named"),
    [
        ({}, "tools", "AI_SQS_QUEUE_NAME_TOOLS"),
        ({"AI_SQS_QUEUE_NAME_TOOLS": "q"}, "tools", "AI_WORKER_ASG_NAME_TOOLS"),
        ({"AI_SQS_QUEUE_NAME_BIG": "q", "AI_WORKER_ASG_NAME_BIG": "g"}, "big", "AI_WORKER_NAME_BIG"),
        ({}, "Tools; rm", "Tools; rm"),
    ],
)
def test_a_tier_that_lacks_a_name_is_refused_by_that_name(environ: dict[str, str], tier: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(environ=environ, default_env_file=None, tier=tier)


def test_the_command_refuses_it_and_says_which_there_are(tmp_path: Path) -> None:
    done = academy_ops("--tier", "slow", "config", cwd=tmp_path, **TOOLS)
    assert done.returncode == 2
    assert "AI_SQS_QUEUE_NAME_SLOW" in done.stderr
    assert "basic, tools" in done.stderr


def test_its_settings_are_shown_by_its_own_names() -> None:
    rows = {row.name: row.value for row in shown_settings(load(environ=OWN, default_env_file=None, tier="tools"), {})}
    assert {name: rows.get(name) for name in OWN} == OWN
    assert "AI_SQS_QUEUE_NAME_BASIC" not in rows


def test_the_policy_is_of_the_tier(tmp_path: Path) -> None:
    policy = academy_ops("iam-policy", "--tier", "tools", cwd=tmp_path, **OWN).stdout
    assert "academy-tools-queue" in policy
    assert ":log-group:/academy/tools-worker:*" in policy
    assert "academy-ai-jobs-basic" not in policy


@pytest.mark.parametrize(
    ("environment", "queue"),
    [
        (
            {"AI_SQS_QUEUE_NAME_TOOLS": "academy-tools-queue", "AI_SQS_QUEUE_NAME_BASIC": "academy-ai-jobs-basic"},
            "same",
        ),
        ({"AI_SQS_QUEUE_NAME_BASIC": "academy-tools-queue"}, "same"),
        ({"AI_SQS_QUEUE_NAME_TOOLS": "another"}, "different"),
        ({"AI_SQS_QUEUE_NAME_BASIC": "academy-ai-jobs-basic"}, "different"),
        ({}, "different"),
    ],
)
def test_a_worker_of_the_tier_is_held_against_the_tiers_queue(environment: dict[str, str], queue: str) -> None:
    settings = load(environ=OWN, default_env_file=None, tier="tools")
    digests = {name: digest("salt", value) for name, value in environment.items()}
    assert compare(digests, "salt", settings).queue == queue


def test_a_worker_of_the_basic_tier_may_hold_the_other_name_too() -> None:
    settings = load(environ=OWN, default_env_file=None)
    both = {"AI_SQS_QUEUE_NAME_TOOLS": digest("s", "q"), "AI_SQS_QUEUE_NAME_BASIC": digest("s", settings.queue)}
    assert compare(both, "s", settings).queue == "same"


def test_a_job_of_another_tier_is_not_lost() -> None:
    document = h.job("PENDING", age=400, tier="tools")
    asked = h.case(document=document, queue=h.queue(h.depth(), again=h.depth(), job_again=document))
    assert h.verdict(asked).status == "undetermined"
    assert any("tools" in str(one.summary) for one in h.findings(asked))


@pytest.mark.parametrize("named", [{}, {"tier": "basic"}, {"tier": None}, {"tier": 7}, {"tier": "No tier!"}])
def test_one_of_this_tier_is(named: dict[str, Any]) -> None:
    document = h.job("PENDING", age=400, **named)
    asked = h.case(document=document, queue=h.queue(h.depth(), again=h.depth(), job_again=document))
    assert h.verdict(asked).cause == "message-lost"


@pytest.mark.parametrize(
    ("options", "queue"), [((), "academy-tools-queue"), (("--tier", "basic"), "academy-ai-jobs-basic")]
)
def test_a_diagnosis_looks_at_the_tier_that_the_job_names(options: tuple[str, ...], queue: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(handler: Handler) -> None:
        asked.append(handler.body.decode())
        body = {"job_id": h.JOB_ID, "status": "RUNNING", "tier": "tools"}
        respond(handler, 200 if handler.path.startswith("/api/") else 404, json.dumps(body).encode())

    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_MAX_ATTEMPTS": "1"}
    with server(answer) as (url, _):
        settings = {**OWN, **keys, "ACADEMY_API_URL": url, "AWS_ENDPOINT_URL": url}
        done = academy_ops("diagnose", h.JOB_ID, *options, "-o", "json", cwd=tmp_path, **settings)
    assert done.returncode in {1, 3}, done.stderr
    # The tier stands in the document, and in the commands that it shows.
    tools = queue == TOOLS["AI_SQS_QUEUE_NAME_TOOLS"]
    assert json.loads(done.stdout).get("tier") == ("tools" if tools else None)
    assert ("academy-ops --tier tools" in done.stdout) == tools
    assert any(f'"{queue}"' in one for one in asked)
    other = {"academy-tools-queue", "academy-ai-jobs-basic"} - {queue}
    assert not any(f'"{one}"' in body for one in other for body in asked)


def test_the_workers_parameter_takes_the_tiers_queue_by_the_tiers_name_only() -> None:
    settings = load(environ={**OWN, "AI_SQS_QUEUE_NAME_BASIC": "basic-queue"}, default_env_file=None, tier="tools")
    assert from_api(settings, "AI_SQS_QUEUE_NAME_TOOLS") == "academy-tools-queue"
    # The parameter may be the basic workers', too.
    with pytest.raises(EditError, match="AI_SQS_QUEUE_NAME_BASIC"):
        from_api(settings, "AI_SQS_QUEUE_NAME_BASIC")
    stored = Stored("/academy/workers/env", 1, "dotenv", "SecureString", None, "AI_SQS_QUEUE_NAME_BASIC=basic-queue\n")
    rows = {row.name: row.compared for row in compared(stored, settings)[0]}
    assert rows["AI_SQS_QUEUE_NAME_TOOLS"] == "missing"
    assert rows["AI_SQS_QUEUE_NAME_BASIC"] == "unknown"


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (own(queue="different"), "--from-api AI_SQS_QUEUE_NAME_TOOLS"),
        ({"workers": replace(h.workers(), group=None)}, "Correct AI_WORKER_ASG_NAME_TOOLS or"),
        ({"workers": h.workers(autoscaler=None)}, "Correct AI_AUTOSCALER_FUNCTION_TOOLS,"),
        ({"queue": replace(h.queue(None), default_there=True)}, "Set AI_SQS_QUEUE_NAME_TOOLS to"),
    ],
)
def test_a_remedy_names_the_setting_of_the_tier(facts: dict[str, Any], wanted: str) -> None:
    names = h.case().names
    for tier, result in (
        ("tools", wanted),
        ("", wanted.replace("QUEUE_NAME_TOOLS", "QUEUE_NAME_BASIC").replace("_TOOLS", "")),
    ):
        asked = h.case(**facts, names={**names, "tier": tier} if tier else names)
        found = [f"{one.text} {one.command}" for finding in h.findings(asked) for one in finding.remedies]
        assert any(result in one for one in found), found
        assert tier == "" or not any("_BASIC" in one for one in found)
