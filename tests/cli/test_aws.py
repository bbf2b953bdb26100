"""The AWS CLI called through the tool, and remedies that call it where the shell lacks the settings."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from academy_ops.cli.names import live_names
from academy_ops.diagnosis.catalogue import CATALOGUE
from academy_ops.diagnosis.command import fill, posix
from academy_ops.settings import load
from tests.commands import SHELL, academy_ops, run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its stand-in for aws is a script of POSIX")

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAOFTHEFILE0000000", "AWS_SECRET_ACCESS_KEY": "secret-of-the-file"}
R2 = {"R2_ENDPOINT": "https://abc.r2.cloudflarestorage.com", "R2_ACCESS_KEY": "r2-key", "R2_SECRET_KEY": "r2-secret"}
ENDPOINT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "us-east-1"}
STAND_IN = f"""#!{sys.executable} -IS
import json, os, sys
print(json.dumps([sys.argv[1:], {{name: value for name, value in os.environ.items() if name.startswith("AWS_")}}]))
sys.exit(3)
"""
"""Stands for aws: prints how it was called, and ends as aws ends where it is refused something."""


@pytest.fixture
def shell(tmp_path: Path) -> Mapping[str, str]:
    """A shell with that program and without any setting."""
    program = tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(STAND_IN, "utf-8")
    program.chmod(0o700)
    return {**SHELL, "PATH": f"{program.parent}:{SHELL['PATH']}", "HOME": str(tmp_path), "LANG": "en_US.UTF-8"}


def env_file(tmp_path: Path, *settings: Mapping[str, str]) -> Path:
    path = tmp_path / "api.env"
    lines = [f"{name}={value}\n" for one in settings for name, value in one.items()]
    path.write_text("".join(lines), "utf-8")
    return path


def test_aws_gets_what_the_env_file_holds_and_its_own_options(tmp_path: Path, shell: Mapping[str, str]) -> None:
    path = env_file(tmp_path, KEYS, ENDPOINT)
    words = ("ec2", "describe-vpcs", "--output", "text", "--region", "eu-west-1", "-h", "--json")
    done = run(["--env-file", str(path), "aws", *words], tmp_path, shell)
    result, environ = json.loads(done.stdout)
    assert (done.returncode, result) == (3, list(words))
    assert environ.items() >= {**KEYS, **ENDPOINT, "AWS_DEFAULT_REGION": "us-east-1"}.items()


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["sqs", "list-queues"], ["--endpoint-url", "AWS_ENDPOINT_URL"]),
        (["--region", "eu-west-1", "sqs", "list-queues"], ["--endpoint-url", "AWS_ENDPOINT_URL"]),
        (["sqs", "list-queues", "--endpoint-url=http://127.0.0.1:9"], []),
        (["ssm", "get-parameter", "--name", "/x"], []),
    ],
)
def test_sqs_has_its_endpoint_as_an_option_as_version_1_of_the_cli_takes_it_no_other_way(
    words: list[str], given: list[str], tmp_path: Path, shell: Mapping[str, str]
) -> None:
    path = env_file(tmp_path, KEYS, ENDPOINT)
    done = run(["--env-file", str(path), "aws", *words], tmp_path, shell)
    result, _environ = json.loads(done.stdout)
    assert result == [*(ENDPOINT.get(word, word) for word in given), *words]


def test_the_shells_own_credentials_outweigh_the_files_as_one_group(tmp_path: Path, shell: Mapping[str, str]) -> None:
    path = env_file(tmp_path, KEYS, ENDPOINT)
    done = run(["--env-file", str(path), "aws", "x"], tmp_path, {**shell, "AWS_PROFILE": "mine"})
    environ = json.loads(done.stdout)[1]
    assert (environ["AWS_PROFILE"], KEYS.keys() & environ.keys()) == ("mine", set())
    assert environ["AWS_ENDPOINT_URL"] == ENDPOINT["AWS_ENDPOINT_URL"]


def test_r2_is_asked_with_the_keys_of_r2(tmp_path: Path, shell: Mapping[str, str]) -> None:
    path = env_file(tmp_path, KEYS, R2)
    done = run(["--env-file", str(path), "aws", "--r2", "s3api"], tmp_path, {**shell, "AWS_SESSION_TOKEN": "of-aws"})
    result, environ = json.loads(done.stdout)
    assert result == ["s3api"]
    assert (environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"]) == ("r2-key", "r2-secret")
    assert environ["AWS_ENDPOINT_URL_S3"] == R2["R2_ENDPOINT"]
    assert "AWS_SESSION_TOKEN" not in environ


def test_its_output_goes_to_a_file_where_that_is_asked_for(tmp_path: Path, shell: Mapping[str, str]) -> None:
    done = run(["-O", "out.txt", "aws", "x"], tmp_path, shell)
    assert (done.returncode, done.stdout) == (3, "")
    assert json.loads((tmp_path / "out.txt").read_text("utf-8"))[0] == ["x"]


def test_where_it_is_not_installed_one_line_says_so(tmp_path: Path) -> None:
    done = academy_ops("aws", "sts", "get-caller-identity", cwd=tmp_path, PATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "academy-ops: The AWS CLI is not installed: no aws on the PATH.\n"


@pytest.mark.parametrize(
    ("in_file", "in_shell", "through_the_tool"),
    [
        (KEYS, {}, {"aws"}),
        (ENDPOINT, KEYS, {"aws"}),
        ({"AWS_PROFILE": "academy"}, {}, {"aws"}),
        (KEYS, {"AWS_PROFILE": "mine"}, set()),
        ({"AWS_REGION": "us-east-1"}, {}, set()),
        ({}, KEYS, set()),
        (R2, KEYS, {"r2"}),
        ({}, R2, set()),
        ({**KEYS, **R2}, {}, {"aws", "r2"}),
    ],
)
def test_each_command_goes_through_the_tool_where_the_shell_lacks_what_it_needs(
    in_file: Mapping[str, str],
    in_shell: Mapping[str, str],
    through_the_tool: set[str],
    tmp_path: Path,
    compared: Callable[[int], None],
) -> None:
    settings = load(environ=in_shell, env_file=env_file(tmp_path, in_file))
    in_use = {**in_shell}
    for _before_and_after_the_sdk_has_its_own in range(2):
        names = live_names(settings, "academy-ops --env-file api.env", "abc", environ=in_use)
        count = 0
        for cause in CATALOGUE.values():
            remedies = (*cause.remedies, *(one for variant in cause.reasons.values() for one in variant.remedies))
            for steps in (*cause.look, *(steps for one in remedies for steps in (one.steps, one.check))):
                for step, filled in zip(steps, fill(steps, names), strict=True):
                    if step.argv[0] != "aws":
                        continue
                    kind = "r2" if step.environment else "aws"
                    whole = (kind in through_the_tool) and step.place == "here"
                    words = ["academy-ops", "--env-file", "api.env", "aws", *(["--r2"] if kind == "r2" else [])]
                    assert (list(filled.argv[: len(words)]) == words) == whole, posix((filled,))
                    assert bool(filled.needs) == (kind == "r2" and not whole)
                    count += 1
        compared(count)
        settings.export_aws(in_use)


def test_explain_says_once_which_credentials_are_meant_where_aws_is_called_as_it_is(tmp_path: Path) -> None:
    said = "aws commands use the AWS credentials of this shell."
    result = academy_ops("explain", "asg-missing", cwd=tmp_path).stdout
    assert result.count(said) == 1
    path = env_file(tmp_path, KEYS)
    assert said not in academy_ops("--env-file", str(path), "explain", "asg-missing", cwd=tmp_path).stdout
    assert said not in academy_ops("explain", "excel-header-missing", cwd=tmp_path).stdout


@pytest.mark.parametrize(("ends", "code"), [("sys.exit(7)", 7), ("os.kill(os.getpid(), 2)", 130)])
def test_ctrl_c_is_for_the_aws_cli_alone(ends: str, code: int, tmp_path: Path, shell: Mapping[str, str]) -> None:
    program = Path(shell["PATH"].partition(":")[0], "aws")
    pressed = "os.kill(os.getppid(), signal.SIGINT); time.sleep(0.3); print('goes on', flush=True)"
    program.write_text(f"#!{sys.executable} -IS\nimport os, signal, sys, time\n{pressed}\n{ends}\n", "utf-8")
    done = run(["aws", "ssm", "start-session"], tmp_path, shell)
    assert (done.returncode, done.stdout) == (code, "goes on\n")
