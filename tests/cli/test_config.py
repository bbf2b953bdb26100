"""``config``: every setting, its source, and no secret."""

import json
from pathlib import Path

from academy_ops.settings import DEFAULTS
from tests.commands import academy_ops

SECRET = "a-secret-of-thirty-characters!"


def told(folder: Path, *arguments: str, **environ: str) -> dict[str, tuple[str | None, str]]:
    done = academy_ops("config", "-o", "json", *arguments, cwd=folder, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    return {row["name"]: (row["value"], row["source"]) for row in json.loads(done.stdout)}


def test_every_setting_is_told_with_its_source(tmp_path: Path) -> None:
    (tmp_path / "api.env").write_text("R2_ENDPOINT=https://r2.example\nAWS_REGION= \n", encoding="utf-8")
    rows = told(tmp_path, "--env-file", "api.env", AI_WORKER_NAME="mine")
    assert rows.keys() >= DEFAULTS.keys()
    assert rows["R2_ENDPOINT"] == ("https://r2.example", "env file")
    assert rows["AI_WORKER_NAME"] == ("mine", "environment")
    assert rows["AI_WORKER_ASG_NAME"] == ("academy-ai-worker-asg", "default")
    assert rows["ACADEMY_API_URL"] == (None, "unset")


def test_a_default_for_either_of_two_names_stands_beside_the_first(tmp_path: Path) -> None:
    rows = told(tmp_path)
    assert (rows["R2_EXCEL_BUCKET"], rows["AWS_REGION"]) == (
        ("academy-excel", "default"),
        ("ap-northeast-2", "default"),
    )
    second = told(tmp_path, EXCEL_BUCKET_NAME="other")
    assert (second["R2_EXCEL_BUCKET"], second["EXCEL_BUCKET_NAME"]) == ((None, "unset"), ("other", "environment"))


def test_no_secret_is_shown_nor_its_length(tmp_path: Path) -> None:
    secrets = {"R2_SECRET_KEY": SECRET, "ACADEMY_API_TOKEN": "short", "DATABASE_URL": f"postgresql://u:{SECRET}@db/x"}
    urls = {"ACADEMY_API_URL": f"https://ops:{SECRET}@api.example"}
    rows = told(tmp_path, **secrets, **urls)
    assert {rows[name] for name in secrets} == {("***", "environment")}
    assert rows["ACADEMY_API_URL"][0] == "https://***@api.example"
    assert SECRET not in academy_ops("config", cwd=tmp_path, **secrets, **urls).stdout


def test_credentials_of_aws_are_told_as_the_sdk_would_take_them(tmp_path: Path) -> None:
    lines = "AWS_ACCESS_KEY_ID=from-file\nAWS_SECRET_ACCESS_KEY=from-file\nAWS_ENDPOINT_URL=http://aws.example\n"
    (tmp_path / "api.env").write_text(lines, encoding="utf-8")
    named = ("--env-file", "api.env")
    alone = told(tmp_path, *named)
    assert (alone["AWS_ACCESS_KEY_ID"], alone["AWS_SECRET_ACCESS_KEY"]) == (("***", "env file"), ("***", "env file"))
    with_profile = told(tmp_path, *named, AWS_PROFILE="ops")
    assert with_profile["AWS_ACCESS_KEY_ID"] == (None, "unset")
    assert with_profile["AWS_ENDPOINT_URL"] == ("http://aws.example", "env file")
    assert with_profile["AWS_PROFILE"] == ("ops", "environment")


def test_the_table_tells_the_same(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("R2_ENDPOINT=https://r2.example\n", encoding="utf-8")
    shown = academy_ops("config", cwd=tmp_path).stdout
    line = next(line for line in shown.splitlines() if line.startswith("R2_ENDPOINT"))
    assert line.split() == ["R2_ENDPOINT", "https://r2.example", "env", "file"]
    assert "env file: .env" in shown
