"""``worker-env``: the workers' parameter is listed, set, copied from the API and edited, and no value is ever shown."""

import base64
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from academy_ops.contract import QUEUE_NAME, QUEUE_SETTING, WORKER_ENV_PARAMETER
from academy_ops.remedies.parameter_text import EditError, Stored, as_lines, from_lines, with_values
from checks.worker_report import parse_parameter
from tests.between import Held, Trick, lost, refused
from tests.cli.test_fix import at_terminal
from tests.commands import Done
from tests.faults.test_denied import keys
from tests.lab_driver import Lab
from tests.remedies.test_interrupted import behind, words

WORKER_ENV = ("worker-env",)
SECRET = "s3cret-Value/with+signs=="
FORMS = ["worker-queue-mismatch", "worker-queue-mismatch/encoded"]


@pytest.fixture
def lab(running_lab: Lab) -> Iterator[Lab]:
    """The lab, with the parameter of before at the end of each test."""
    text = parameter(running_lab)["Value"]
    yield running_lab
    running_lab.start_afresh()
    if parameter(running_lab)["Value"] != text:
        running_lab.client("ssm").put_parameter(
            Name=WORKER_ENV_PARAMETER, Value=text, Type="SecureString", Overwrite=True
        )


def parameter(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = lab.client("ssm").get_parameter(Name=WORKER_ENV_PARAMETER, WithDecryption=True)["Parameter"]
    return found


def values(lab: Lab) -> dict[str, str]:
    return parse_parameter(parameter(lab)["Value"])[1]


def compared(lab: Lab, **environ: str) -> dict[str, str]:
    result = json.loads(lab.tool(*WORKER_ENV, "-o", "json", **environ).stdout)
    return {one["name"]: one["compared"] for one in result["names"]}


def change(lab: Lab, *arguments: str, **environ: str) -> Done:
    """Run it; nothing that it prints is a secret."""
    done = lab.tool(*WORKER_ENV, *arguments, **environ)
    shown = done.stdout + done.stderr
    assert not [one for one in {*lab.secrets(), SECRET, *held(lab)} if one in shown]
    return done


def held(lab: Lab) -> set[str]:
    """Return what the parameter holds that is long enough to be told from a word."""
    return {value for name, value in values(lab).items() if len(value) > 8 and not name.startswith("AI_")}


def editor(folder: Path, script: str) -> dict[str, str]:
    """Return the environment with an editor that does as ``script`` says with the file ``path``."""
    program = folder / "editor.py"
    lines = ["import os, pathlib, sys, time", "path = pathlib.Path(sys.argv[1])", script]
    program.write_text("\n".join(lines), "utf-8")
    return {"EDITOR": f"{sys.executable} {program}", "TMPDIR": str(folder), "VISUAL": ""}


def left_over(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir() if one.name.startswith("academy-ops-")]


def test_a_healthy_parameter_is_listed_without_a_value(lab: Lab) -> None:
    done = change(lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{WORKER_ENV_PARAMETER}, version " in done.stdout
    assert "R2_SECRET_KEY" in done.stdout
    assert set(compared(lab).values()) == {"same"}


@pytest.mark.parametrize("fault", FORMS)
def test_a_wrong_queue_is_put_right_in_its_own_format_and_the_instances_are_replaced(lab: Lab, fault: str) -> None:
    job_id = lab.break_fault(fault)
    form = parse_parameter(parameter(lab)["Value"])[0]
    others = {name: value for name, value in values(lab).items() if name != QUEUE_SETTING}
    assert change(lab).returncode == 1
    assert compared(lab)[QUEUE_SETTING] == "different"
    done = change(lab, "--from-api", QUEUE_SETTING, "--yes", "--replace", "--interrupt-jobs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{QUEUE_SETTING}: changed to the API's value" in done.stdout
    assert "Verified by reading it back" in done.stdout
    assert parse_parameter(parameter(lab)["Value"])[0] == form
    assert values(lab) == {**others, QUEUE_SETTING: QUEUE_NAME}
    assert change(lab).returncode == 0
    lab.wait_for_worker()
    verdict = lab.diagnose(*filter(None, [job_id])).verdict
    assert "worker-queue-mismatch" not in {verdict["cause"], *verdict["also"], *verdict["symptoms"]}


@pytest.mark.parametrize(
    "fault",
    [
        "worker-env-missing",
        "worker-env-missing/parameter",
        "worker-queue-mismatch/encoded",
        "worker-r2-mismatch",
        "worker-r2-mismatch/endpoint",
    ],
)
def test_the_printed_remedy_puts_the_parameter_right_and_the_printed_check_shows_it(lab: Lab, fault: str) -> None:
    job_id = lab.break_fault(fault)
    result = lab.diagnose(*filter(None, [job_id]))
    found = next(one for one in result.document["findings"] if one["cause"] == fault.partition("/")[0])
    remedy = found["remedies"][0]
    check = shlex.split(remedy["verify"])[1:]
    assert lab.tool(*check).returncode == 1
    done = lab.tool(*shlex.split(remedy["command"])[1:], "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.tool(*check).returncode == 0


def test_key_tier_and_description_stay(lab: Lab) -> None:
    ssm = lab.client("ssm")
    held = parameter(lab)["Value"]
    ssm.put_parameter(
        Name=WORKER_ENV_PARAMETER, Value=held, Type="SecureString", KeyId="alias/workers", Overwrite=True,
        Description="workers", Tier="Advanced",
    )  # fmt: skip
    assert change(lab, "--set", "LOG_LEVEL=debug", "--yes").returncode == 0
    found = ssm.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": [WORKER_ENV_PARAMETER]}])["Parameters"]
    kept = {name: found[0][name] for name in ("KeyId", "Description", "Tier", "Type")}
    assert kept == {"KeyId": "alias/workers", "Description": "workers", "Tier": "Advanced", "Type": "SecureString"}


def test_a_dry_run_and_a_missing_yes_change_nothing(lab: Lab) -> None:
    before = parameter(lab)["Version"]
    assert change(lab, "--set", "LOG_LEVEL=debug", "--dry-run").returncode == 0
    asked = change(lab, "--set", "LOG_LEVEL=debug")
    assert asked.returncode == 2
    assert "there is no terminal to confirm on. Add --yes to apply." in asked.stderr
    assert parameter(lab)["Version"] == before


def test_a_secret_is_asked_for_without_being_shown(lab: Lab) -> None:
    with at_terminal(lab, *WORKER_ENV, "--set", "R2_SECRET_KEY=-") as shown:
        shown.until("(not shown)")
        shown.type(f"{SECRET}\n")
        shown.until("Apply this?")
        shown.type("y\n")
        shown.until("Replace the instances now?")
        shown.type("n\n")
        assert shown.ended() == 0
    assert SECRET not in shown.written
    assert "R2_SECRET_KEY: changed" in words(shown.written)
    assert values(lab)["R2_SECRET_KEY"] == SECRET


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", SECRET.replace("=", "")), "--set takes NAME=VALUE"),
        (("--set", f"1X={SECRET}"), "A name starts with a letter"),
        (("--set", f"MY NAME={SECRET}"), "A name starts with a letter"),
        (("--set", f"R2_SECRET_KEY={SECRET}\nX=1"), "it has more than one line"),
        (("--set", "R2_SECRET_KEY", SECRET), "Too many arguments"),
        (("--set", f"R2_SECRT_KEY={SECRET}"), "Did you mean R2_SECRET_KEY?"),
        (("--set", 'R2_ENDPOINT="https://a.example"'), "it is in quotes, which Docker keeps as part of the value"),
        (("--set", "R2_ENDPOINT=https://abc.r2.cloudflarestorage.com/bucket"), "it has a path"),
        (("--set", "R2_SECRET_KEY="), "it is blank"),
        (("--set", "A=1", "--set", "A=2"), "A was given twice"),
        (("--from-api", "NO_SUCH_SETTING"), "NO_SUCH_SETTING is not set in the API"),
        (("--edit", "--set", "A=1"), "--edit can't be combined with"),
        (("--set", "A=1", "-o", "json"), "-o json works for the list"),
    ],
)
def test_what_can_not_be_stored_is_refused_in_one_line(running_lab: Lab, arguments: tuple[str, ...], said: str) -> None:
    before = parameter(running_lab)["Version"]
    done = change(running_lab, *arguments, "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert said in line
    assert parameter(running_lab)["Version"] == before


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('"http://127.0.0.1:9"', "it is in quotes"),
        ("https://your-account.r2.cloudflarestorage.com", "a placeholder"),
        ("", "is not set in the API"),
    ],
)
def test_a_wrong_value_of_the_apis_is_not_copied_over_a_right_one(
    running_lab: Lab, tmp_path: Path, value: str, said: str
) -> None:
    before = parameter(running_lab)["Version"]
    path = tmp_path / "api.env"
    path.write_text(f"R2_ENDPOINT={value}\n", "utf-8")
    done = running_lab.tool(
        "--env-file", str(path), *WORKER_ENV, "--from-api", "R2_ENDPOINT", "--yes", R2_ENDPOINT=None
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert parameter(running_lab)["Version"] == before


@pytest.mark.parametrize(("denied", "arguments"), [
    ("ssm:GetParameter", ()),
    ("ssm:GetParameter", ("--edit",)),
    ("ssm:GetParameter", ("--set", "A=1", "--yes")),
    ("ssm:DescribeParameters", ("--set", "A=1", "--yes")),
    ("ssm:PutParameter", ("--set", "A=1", "--yes")),
])  # fmt: skip
def test_what_is_denied_is_named_and_nothing_is_changed(
    running_lab: Lab, tmp_path: Path, denied: str, arguments: tuple[str, ...]
) -> None:
    before = parameter(running_lab)["Version"]
    few = running_lab.keys_without(denied)
    done = running_lab.tool(*WORKER_ENV, *arguments, **few, **editor(tmp_path, "(path.parent.parent / 'ran').touch()"))
    assert done.returncode == 3
    assert denied in done.stderr
    assert not (tmp_path / "ran").exists()
    assert parameter(running_lab)["Version"] == before


def test_the_printed_policy_with_actions_is_enough(lab: Lab) -> None:
    done = change(lab, "--set", "LOG_LEVEL=debug", "--yes", **keys(lab, "--with-actions"))
    assert done.returncode == 0, done.stderr


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(lab: Lab) -> None:
    with at_terminal(lab, *WORKER_ENV, "--set", "LOG_LEVEL=debug") as shown:
        shown.until("Apply this?")
        assert change(lab, "--set", "OTHER_NAME=1", "--yes").returncode == 0
        shown.type("y\n")
        assert shown.ended() == 2
    assert "Nothing was changed: someone else changed /academy/workers/env in the meantime" in words(shown.written)
    assert "LOG_LEVEL" not in values(lab)


@pytest.mark.parametrize(
    ("trick", "said"),
    [(lost, "Whether it was changed is not known"), (refused("KMSAccessDenied", 400), "Nothing was changed:")],
)
def test_a_write_that_fails_says_what_is_known(running_lab: Lab, trick: Trick, said: str) -> None:
    with behind(running_lab, PutParameter=trick) as environ:
        done = change(running_lab, "--set", f"R2_SECRET_KEY={SECRET}", "--yes", **environ)
    assert done.returncode == 3
    assert said in done.stderr


def test_ctrl_c_while_it_is_written_waits_for_the_outcome(lab: Lab) -> None:
    put = Held()
    setting = (*WORKER_ENV, "--set", "LOG_LEVEL=debug", "--yes")
    with behind(lab, PutParameter=put) as environ, at_terminal(lab, *setting, **environ) as shown:
        put.arrived()
        shown.interrupt()
        shown.until("Waiting to learn whether the change was made")
        put.let_go()
        assert shown.ended() == 130
    assert "Interrupted. What was changed stays changed. Saved /academy/workers/env" in words(shown.written)
    assert values(lab)["LOG_LEVEL"] == "debug"


@pytest.mark.parametrize("fault", FORMS)
def test_an_editor_sees_lines_in_a_private_file_that_is_gone_afterwards(lab: Lab, tmp_path: Path, fault: str) -> None:
    lab.break_fault(fault)
    form = parse_parameter(parameter(lab)["Value"])[0]
    script = f"""
modes = [oct(os.stat(one).st_mode & 0o777) for one in (path, path.parent)]
text = path.read_text('utf-8')
pathlib.Path({str(tmp_path / "seen")!r}).write_text(' '.join([*modes, text]), 'utf-8')
path.write_text(text.replace('{QUEUE_NAME}-staging', '{QUEUE_NAME}'), 'utf-8')
"""
    done = change(lab, "--edit", "--yes", **editor(tmp_path, script))
    assert done.returncode == 0, done.stderr
    file, folder, text = (tmp_path / "seen").read_text("utf-8").split(" ", 2)
    assert (file, folder) == ("0o600", "0o700")
    assert f"{QUEUE_SETTING}={QUEUE_NAME}-staging\n" in text
    assert values(lab)[QUEUE_SETTING] == QUEUE_NAME
    assert parse_parameter(parameter(lab)["Value"])[0] == form
    assert left_over(tmp_path) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("path.write_text(path.read_text() + 'no assignment\\n')", "there is no '='"),
        ("path.write_text(path.read_text() + 'A B=1\\n')", "Docker rejects the name"),
        ("path.write_text(path.read_text() + 'A=1\\nA=2\\n')", "A appears twice"),
        ("path.write_text('')", "No NAME=value line is left"),
        ("path.write_bytes(b'A=\\xff')", "is not UTF-8 text"),
        ("sys.exit(3)", "The editor exited with code 3"),
    ],
)
def test_what_an_editor_leaves_that_can_not_be_stored_is_refused(
    running_lab: Lab, tmp_path: Path, script: str, said: str
) -> None:
    before = parameter(running_lab)["Version"]
    done = change(running_lab, "--edit", "--yes", **editor(tmp_path, script))
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert parameter(running_lab)["Version"] == before
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_editor_that_is_interrupted_leaves_nothing_behind(running_lab: Lab, tmp_path: Path, number: str) -> None:
    before = parameter(running_lab)["Version"]
    waits = editor(tmp_path, "print('it is open', flush=True); time.sleep(60)")
    with at_terminal(running_lab, *WORKER_ENV, "--edit", **waits) as shown:
        shown.until("it is open")
        assert len(left_over(tmp_path)) == 1
        shown.interrupt(getattr(signal, number))
        assert shown.ended() == 130
    assert "Nothing was changed." in shown.written
    assert left_over(tmp_path) == []
    assert parameter(running_lab)["Version"] == before


def test_ctrl_c_at_the_keyboard_ends_the_editor_too(running_lab: Lab, tmp_path: Path) -> None:
    waits = editor(tmp_path, "print('it is open', flush=True); time.sleep(60)")
    with at_terminal(running_lab, *WORKER_ENV, "--edit", **waits) as shown:
        shown.until("it is open")
        shown.interrupt()
        assert shown.ended() == 130
    assert left_over(tmp_path) == []


def test_a_parameter_that_is_gone_is_made_anew(lab: Lab) -> None:
    lab.break_fault("worker-env-missing/parameter")
    listed = lab.tool(*WORKER_ENV)
    assert listed.returncode == 1
    assert "There is no parameter /academy/workers/env." in listed.stdout
    names = ("R2_ENDPOINT", "R2_ACCESS_KEY", "R2_SECRET_KEY")
    done = lab.tool(*WORKER_ENV, *(word for name in names for word in ("--from-api", name)), "--yes")
    assert done.returncode == 0, done.stderr
    assert parameter(lab)["Type"] == "SecureString"
    assert {compared(lab)[name] for name in names} == {"same"}


def encoded(document: dict[str, Any]) -> str:
    return base64.b64encode(json.dumps(document).encode()).decode()


def stored(text: str) -> Stored:
    return Stored("/p", 3, parse_parameter(text)[0], "SecureString", None, text)


def test_comments_order_and_other_lines_stay() -> None:
    text = "# the workers\nA=1\n\nB='x y'\nA=2\n  C=3"
    assert with_values(stored(text), {"A": "9", "D": "4"}) == "# the workers\n\nB='x y'\nA=9\n  C=3\nD=4\n"


def test_other_values_of_a_json_object_keep_their_types() -> None:
    one = stored(encoded({"N": 5, "T": True, "NONE": None, "S": "한글"}))
    changed = json.loads(base64.b64decode(with_values(one, {"S": "x"})))
    assert changed == {"N": 5, "T": True, "NONE": None, "S": "x"}
    edited = json.loads(base64.b64decode(from_lines(one, as_lines(one).replace("한글", "글"))))
    assert edited == {"N": 5, "T": True, "NONE": None, "S": "글"}


def test_an_edit_that_changes_nothing_gives_the_same_values_back() -> None:
    for text in ("A=1\r\nB=2\r\n", encoded({"B": "2", "A": " 1=x "})):
        one = stored(text)
        assert parse_parameter(from_lines(one, as_lines(one)))[1] == one.values


def test_a_value_of_several_lines_is_not_put_before_an_editor() -> None:
    with pytest.raises(EditError, match="A has a multi-line value"):
        as_lines(stored(encoded({"A": "x\ny"})))


def test_a_text_that_is_neither_is_not_changed() -> None:
    with pytest.raises(EditError, match="holds neither"):
        with_values(stored("c2VjcmV0"), {"A": "1"})


def test_nothing_of_it_is_in_a_traceback() -> None:
    assert SECRET not in repr(stored(f"A={SECRET}"))
