"""An env file that was only found: whoever can write into a folder may have left it there."""

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checks import facts_factory as h
from tests.commands import Done, academy_ops
from tests.wire import respond, server
from tests.world.stage import job

TOKEN = "token-of-the-operator"
PROCESS = "[profile x]\nregion = ap-northeast-2\ncredential_process = {python} -c \"open('{ran}', 'w')\"\n"


def tool(folder: Path, *arguments: str, **environ: str) -> Done:
    return academy_ops(*arguments, cwd=folder, **environ)


def planted(folder: Path, *lines: str, name: str = ".env") -> Path:
    path = folder / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("named", [False, True])
def test_it_can_name_no_program_that_runs(tmp_path: Path, named: bool) -> None:
    ran, config = tmp_path / "ran", tmp_path / "config"
    config.write_text(PROCESS.format(python=sys.executable, ran=ran), encoding="utf-8")
    planted(tmp_path, f"AWS_CONFIG_FILE={config}", "AWS_PROFILE=x", "R2_ENDPOINT=https://r2.invalid")
    flags = ("--env-file", ".env") if named else ()
    done = tool(tmp_path, *flags, "check", "access", "--timeout", "5")
    assert ran.exists() is named
    result = "Ignored settings in .env, because --env-file was not given: AWS_CONFIG_FILE, AWS_PROFILE."
    assert (result in done.stderr, "From .env: R2_ENDPOINT." in done.stderr) == (not named, not named)


@pytest.mark.parametrize(
    "line",
    [
        *("AWS_SHARED_CREDENTIALS_FILE=x", "AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_CA_BUNDLE=x"),
        *("AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1", "SSL_CERT_FILE=x", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE"),
    ],
)
def test_nothing_but_the_academy_s_own_settings_is_taken(tmp_path: Path, line: str) -> None:
    planted(tmp_path, line, "AI_WORKER_NAME=own")
    done = tool(tmp_path, "config", "-o", "json")
    rows = {row["name"]: row["source"] for row in json.loads(done.stdout)}
    assert rows["AI_WORKER_NAME"] == "env file"
    assert line.partition("=")[0] in done.stderr
    assert {source for name, source in rows.items() if name == line.partition("=")[0]} <= {"unset"}


@pytest.mark.parametrize(
    ("lines", "environ", "secret"),
    [
        pytest.param(("ACADEMY_API_URL={url}",), {"ACADEMY_API_TOKEN": TOKEN}, "ACADEMY_API_TOKEN", id="token"),
        pytest.param(
            ("ACADEMY_API_URL={url}", "ACADEMY_API_TOKEN=theirs"),
            {"ACADEMY_API_TOKEN": TOKEN},
            "ACADEMY_API_TOKEN",
            id="the environment's token outweighs the file's",
        ),
        pytest.param(
            ("R2_ENDPOINT={url}",), {"R2_ACCESS_KEY": "k", "R2_SECRET_KEY": "s" * 9}, "R2_ACCESS_KEY", id="R2's keys"
        ),
        pytest.param(
            ("R2_ENDPOINT={url}", "R2_ACCESS_KEY=k"), {"R2_SECRET_KEY": "s" * 9}, "R2_SECRET_KEY", id="R2's secret"
        ),
    ],
)
def test_no_secret_from_elsewhere_goes_to_an_address_in_it(
    tmp_path: Path, lines: tuple[str, ...], environ: dict[str, str], secret: str
) -> None:
    with server(lambda handler: respond(handler, 200, job("DONE"))) as (url, seen):
        planted(tmp_path, *(line.format(url=url) for line in lines))
        for command in (("diagnose", h.JOB_ID), ("watch", h.JOB_ID), ("check", "r2"), ("smoke",)):
            done = tool(tmp_path, *command, "--timeout", "5", **environ)
            assert (done.returncode, done.stdout, seen) == (2, "", []), command
            assert f"and {secret} does not: {secret} would be sent to that address." in done.stderr, command
            assert "--env-file .env" in done.stderr, command
        assert tool(tmp_path, "--env-file", ".env", "check", "r2", "--timeout", "5", **environ).returncode != 2


def test_an_address_and_its_token_in_one_file_are_used(tmp_path: Path) -> None:
    with server(lambda handler: respond(handler, 200, job("DONE"))) as (url, seen):
        planted(tmp_path, f"ACADEMY_API_URL={url}", f"ACADEMY_API_TOKEN={TOKEN}")
        done = tool(tmp_path, "watch", h.JOB_ID)
        assert tool(tmp_path, "watch", h.JOB_ID, ACADEMY_API_URL=url).returncode == 0
    assert (done.returncode, done.stderr) == (0, "From .env: ACADEMY_API_URL, ACADEMY_API_TOKEN.\n")
    assert {one["authorization"] for one in seen} == {f"Bearer {TOKEN}"}


def test_a_nul_in_an_env_file_is_refused_with_its_line(tmp_path: Path) -> None:
    for line in ("AWS_PROFILE=a\0b", "SSL_CERT_FILE=\0", "R2_BUCKET\0=x", "AI_WORKER_NAME='a\0'"):
        planted(tmp_path, "R2_ENDPOINT=https://r2.example", line, name="api.env")
        done = tool(tmp_path, "--env-file", "api.env", "diagnose", "--timeout", "5")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), line
        assert "api.env, line 2: it holds a NUL character." in done.stderr


FILES: dict[str, Callable[[Path], str]] = {
    "--env-file": lambda path: f"--env-file={path} config",
    "--from": lambda path: f"diagnose --from {path}",
    "FILE": lambda path: f"check excel {path}",
}


if sys.platform != "win32":  # which has no such files

    @pytest.mark.parametrize("option", FILES)
    @pytest.mark.parametrize("kind", ["a pipe that nobody writes to", "/dev/zero", "/dev/null", "a folder"])
    def test_no_file_is_waited_for_or_read_without_end(tmp_path: Path, option: str, kind: str) -> None:
        path = tmp_path / "it"
        if kind == "a folder":
            path.mkdir()
        elif kind.startswith("/"):
            path = Path(kind)
        else:
            os.mkfifo(path)
        done = tool(tmp_path, *FILES[option](path).split())
        reads_nothing = option == "--env-file" and kind in {"/dev/null", "a pipe that nobody writes to"}
        assert (done.returncode, done.stderr.count("\n")) == ((0, 0) if reads_nothing else (2, 1))

    def test_settings_may_come_through_a_pipe(tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writer = threading.Thread(target=lambda: pipe.write_text("AI_WORKER_NAME=through\n", encoding="utf-8"))
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # so that the writer has somebody to write to
        writer.start()
        done = tool(tmp_path, "--env-file", str(pipe), "config", "-o", "json")
        writer.join()
        os.close(reader)
        assert done.returncode == 0, done.stderr
        assert ("AI_WORKER_NAME", "through") in {(row["name"], row["value"]) for row in json.loads(done.stdout)}
