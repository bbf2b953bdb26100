"""Contexts: named sets of settings, one of them in force, and shown wherever something is."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from academy_ops.settings.env_files import read_env_file
from tests.commands import Done, academy_ops

CONFIG = """
[contexts.production]
env_file = "production.env"
AI_WORKER_ASG_NAME = "workers-of-production"

[contexts.staging]
ACADEMY_API_URL = "http://127.0.0.1:9"
R2_SECRET_KEY = "not-to-be-shown"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "config" / "academy-ops"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(CONFIG, "utf-8")
    (folder / "production.env").write_text(
        "R2_EXCEL_BUCKET=of-production\nAI_WORKER_ASG_NAME=outweighed\nAWS_PROFILE=prod\n", "utf-8"
    )
    return tmp_path


def tool(home: Path, *arguments: str, **environ: str) -> Done:
    return academy_ops(*arguments, cwd=home, XDG_CONFIG_HOME=str(home / "config"), **environ)


def settings(done: Done) -> dict[str, tuple[str | None, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in json.loads(done.stdout)}


def test_a_context_s_env_file_and_its_own_settings_are_in_force(home: Path) -> None:
    done = tool(home, "--context", "production", "config", "-o", "json")
    shown = settings(done)
    assert shown["R2_EXCEL_BUCKET"] == ("of-production", "env file")
    assert shown["AI_WORKER_ASG_NAME"] == ("workers-of-production", "context")
    assert shown["AWS_PROFILE"] == ("prod", "env file")
    assert shown["ACADEMY_OPS_CONTEXT"] == ("production", "command line")
    assert done.stderr == "Context: production\n"


def test_the_environment_names_one_and_the_command_line_another(home: Path) -> None:
    named = {"ACADEMY_OPS_CONTEXT": "staging"}
    assert settings(tool(home, "config", "-o", "json", **named))["ACADEMY_OPS_CONTEXT"] == ("staging", "environment")
    both = settings(tool(home, "config", "-o", "json", "--context", "production", **named))
    assert both["ACADEMY_OPS_CONTEXT"] == ("production", "command line")
    assert both["ACADEMY_API_URL"] == (None, "unset")


def test_what_outweighs_a_context_is_told(home: Path) -> None:
    done = tool(home, "--context", "staging", "config", "-o", "json", ACADEMY_API_URL="http://127.0.0.1:8")
    assert settings(done)["ACADEMY_API_URL"] == ("http://127.0.0.1:8", "environment")
    assert "ACADEMY_API_URL" in done.stderr
    same = tool(home, "--context", "staging", "config", "-o", "json", ACADEMY_API_URL="http://127.0.0.1:9")
    assert "ACADEMY_API_URL" not in same.stderr


def test_with_a_context_no_env_file_is_read_that_merely_lies_there(home: Path) -> None:
    (home / ".env").write_text("R2_EXCEL_BUCKET=of-somebody\n", "utf-8")
    assert settings(tool(home, "--context", "staging", "config", "-o", "json"))["R2_EXCEL_BUCKET"][1] != "env file"
    (home / "given.env").write_text("R2_EXCEL_BUCKET=given\n", "utf-8")
    done = tool(home, "--context", "production", "--env-file", "given.env", "config", "-o", "json")
    assert settings(done)["R2_EXCEL_BUCKET"] == ("given", "env file")


def test_contexts_are_listed_without_their_values(home: Path) -> None:
    shown = tool(home, "config", "--contexts", "--context", "staging")
    assert "* staging" in " ".join(shown.stdout.split())
    assert "production.env" in "".join(shown.stdout.split())
    assert "not-to-be-shown" not in shown.stdout + shown.stderr
    result = json.loads(tool(home, "config", "--contexts", "--json").stdout)["contexts"]
    assert [(one["name"], one["in_force"], one["settings"]) for one in result] == [
        ("production", False, ["AI_WORKER_ASG_NAME"]),
        ("staging", False, ["ACADEMY_API_URL", "R2_SECRET_KEY"]),
    ]
    assert tool(home / "config", "config", "--contexts").returncode == 0


def test_the_context_stands_on_every_screen_and_in_every_document(home: Path, compared: Callable[[int], None]) -> None:
    forms = ("table", "json", "junit", "markdown", "github", "html")
    for form in forms:
        done = tool(home, "--context", "staging", "diagnose", "-o", form)
        assert "staging" in done.stdout, form
        assert "not-to-be-shown" not in done.stdout + done.stderr
    assert json.loads(tool(home, "--context", "staging", "diagnose", "--json").stdout)["context"] == "staging"
    assert "context" not in json.loads(tool(home, "diagnose", "--json", AI_WORKER_NAME="w").stdout)
    smoke = json.loads(tool(home, "--context", "staging", "smoke", "--json").stdout)
    assert (smoke["context"], smoke["diagnosis"]["context"]) == ("staging", "staging")
    for command in (
        ("jobs",),
        ("logs",),
        ("watch", "abc", "--timeout", "1"),
        ("explain", "queue-missing"),
        ("worker-env",),
    ):
        assert "Context: staging\n" in tool(home, "--context", "staging", *command).stderr, command
    compared(len(forms) + 5)


def test_a_remedy_calls_the_tool_with_the_context(home: Path) -> None:
    result = tool(home, "diagnose", ACADEMY_OPS_CONTEXT="staging").stdout
    assert "academy-ops --context staging" in result


def test_saved_evidence_and_a_bundle_keep_their_context(home: Path) -> None:
    tool(home, "--context", "staging", "diagnose", "--save", "seen.json")
    again = academy_ops("diagnose", "--from", "seen.json", "--json", cwd=home)
    assert json.loads(again.stdout)["context"] == "staging"
    tool(home, "--context", "staging", "bundle", "--to", "ticket.zip")
    with zipfile.ZipFile(io.BytesIO((home / "ticket.zip").read_bytes())) as archive:
        assert all("not-to-be-shown" not in archive.read(name).decode() for name in archive.namelist())


@pytest.mark.parametrize(
    ("config", "name", "says"),
    [
        (CONFIG, "stagin", "Choose from: production, staging"),
        (None, "staging", "has none"),
        ("", "staging", "has none"),
        ("[contexts.staging", "staging", "is not TOML"),
        ("contexts = 3", "staging", "not a table"),
        ("[contexts]\nstaging = 3", "staging", "not a table"),
        ("[contexts.staging]\napi_url = 'x'", "staging", "api_url in context staging is not a setting"),
        ("[contexts.staging]\nACADEMY_API_URL = []", "staging", "not a string"),
        ("[contexts.'a b']\n", "a b", "is not a valid name"),
        ("[contexts.staging]\nenv_file = 'nowhere.env'", "staging", "nowhere.env"),
    ],
)
def test_a_context_that_can_t_be_used_is_refused(config: str | None, name: str, says: str, home: Path) -> None:
    path = home / "config" / "academy-ops" / "config.toml"
    path.unlink() if config is None else path.write_text(config, "utf-8")
    done = tool(home, "--context", name, "config")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_env_file_in_utf_16_is_read(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-8-sig", "utf-8"):
        path = tmp_path / "api.env"
        path.write_text("R2_EXCEL_BUCKET=학원\r\nAWS_REGION=ap-northeast-2\r\n", encoding)
        assert [(name, line.value) for name, line in read_env_file(path).items()] == [
            ("R2_EXCEL_BUCKET", "학원"),
            ("AWS_REGION", "ap-northeast-2"),
        ]
