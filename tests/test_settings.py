"""Where settings come from, and what an env file may look like."""

from pathlib import Path

import pytest

from academy_ops.settings import load
from academy_ops.settings.env_files import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "api.env"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_environment_wins_over_the_env_file_and_that_over_the_default(tmp_path: Path) -> None:
    path = write(tmp_path, "AI_WORKER_NAME=from-file\nAI_WORKER_ASG_NAME=from-file\n")
    settings = load(env_file=path, environ={"AI_WORKER_NAME": "from-environment"})
    assert [(settings[name].value, settings[name].source) for name in ("AI_WORKER_NAME", "AI_WORKER_ASG_NAME")] == [
        ("from-environment", "environment"),
        ("from-file", "env file"),
    ]
    assert settings.queue == "academy-ai-jobs-basic"
    assert settings["AI_SQS_QUEUE_NAME_BASIC"].source == "default"


def test_a_blank_value_counts_as_unset(tmp_path: Path) -> None:
    settings = load(env_file=write(tmp_path, "R2_EXCEL_BUCKET=\nEXCEL_BUCKET_NAME=old\n"), environ={"AWS_REGION": "  "})
    assert settings.bucket == "old"
    assert settings.region == "ap-northeast-2"


def test_quotes_are_stripped_from_the_value_but_kept_as_docker_keeps_them(tmp_path: Path) -> None:
    setting = load(env_file=write(tmp_path, 'R2_ENDPOINT="https://x.example"\n'), environ={})["R2_ENDPOINT"]
    assert (setting.value, setting.as_docker) == ("https://x.example", '"https://x.example"')


def test_a_line_that_is_no_assignment_is_named_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path, "AWS_REGION=x\n\n== broken ==\n")
    with pytest.raises(SettingsError, match=r"line 3"):
        load(env_file=path, environ={})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("R2_ENDPOINT https://x.example", "there is no '='"),
        ("R2_ENDPOINT: https://x.example", "there is no '='"),
        ("= secret-value", "there is no name before the '='"),
        ("set R2_SECRET_KEY=secret-value", "there is text before the name"),
        ('$env:R2_SECRET_KEY="secret-value"', "there is text before the name"),
        ("[r2]", "there is no '='"),
        ('R2_SECRET_KEY="secret-value', 'the quote " is not closed'),
        ("R2_SECRET_KEY='secret-value", "the quote ' is not closed"),
        ("R2_SECRET_KEY='secret'-value", "there is text after the closing quote"),
    ],
)
def test_what_is_wrong_with_a_line_is_told_but_not_what_stands_in_it(line: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as result:
        load(env_file=write(tmp_path, f"# the API server's\n\n{line}\nA=b\n"), environ={})
    assert f"line 3: {problem}." in str(result.value)
    assert "secret-value" not in str(result.value)


def test_a_line_that_a_shell_would_export_is_an_assignment(tmp_path: Path) -> None:
    assert load(env_file=write(tmp_path, "export AWS_REGION=us-east-1\n"), environ={}).region == "us-east-1"


def test_a_missing_env_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Can't read the env file .*nowhere"):
        load(env_file=tmp_path / "nowhere", environ={})


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("# 설정\nR2_EXCEL_BUCKET=학생\n".encode("cp949"), 2),
        (b"A=1\n\n\nR2_SECRET_KEY=abc\xffdef\n", 4),
        (b'A="first\nsecond \xe9\nthird"\n', 2),
        ("학원=1\n".encode("cp949"), 1),
        ("A=1\nB=2\n".encode("utf-16")[:-1], 2),
        ("A=1\n".encode("utf-16-le"), 1),
    ],
)
def test_what_is_not_utf_8_is_told_with_its_line_and_without_its_content(
    tmp_path: Path, content: bytes, line: int
) -> None:
    path = tmp_path / "api.env"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"api\.env, line {line}: ") as result:
        load(env_file=path, environ={})
    assert "abc" not in str(result.value)
    str(result.value).encode()


@pytest.mark.parametrize(
    "content",
    [
        "# 학원 설정 (2024년)\r\nAWS_REGION=us-east-1\r\n".encode("cp949"),
        "AWS_REGION=us-east-1 # 서울 아님\n".encode("cp949"),
        "AWS_REGION=us-east-1\n".encode("utf-16"),
        b"#\xff\nAWS_REGION=us-east-1\n",
    ],
)
def test_in_a_comment_any_bytes_will_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "api.env"
    path.write_bytes(content)
    settings = load(env_file=path, environ={})
    assert settings.region == "us-east-1"
    repr(settings).encode()


def test_a_byte_order_mark_of_windows_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "api.env"
    path.write_bytes(b"\xef\xbb\xbfAWS_REGION=us-east-1\r\n")
    assert load(env_file=path, environ={}).region == "us-east-1"


def test_no_secret_shows_in_the_repr_of_the_settings(tmp_path: Path) -> None:
    path = write(tmp_path, "R2_SECRET_KEY=hush-hush\nAWS_SECRET_ACCESS_KEY=very-quiet\n")
    settings = load(env_file=path, environ={})
    assert "hush-hush" not in repr(settings)
    assert "very-quiet" not in repr(settings)
    assert settings.secrets().keys() == {"hush-hush", "very-quiet"}


def test_aws_settings_of_the_file_reach_the_sdk_as_one_group(tmp_path: Path) -> None:
    path = write(tmp_path, "AWS_ACCESS_KEY_ID=k\nAWS_SECRET_ACCESS_KEY=s\nAWS_ENDPOINT_URL=http://127.0.0.1:1\n")
    environ: dict[str, str] = {}
    load(env_file=path, environ={}).export_aws(environ)
    assert environ == {
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }
    own = {"AWS_ACCESS_KEY_ID": "mine"}
    load(env_file=path, environ={}).export_aws(own)
    assert own == {"AWS_ACCESS_KEY_ID": "mine", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_certificates_that_cannot_be_used_are_told_in_one_line(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "ca.pem"
    if content:
        bundle.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"SSL_CERT_FILE names .*ca\.pem"):
        load(env_file=write(tmp_path, f"SSL_CERT_FILE={bundle}\n"), environ={})


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (
            ("${API_HOST}", "{host}", "a b.example", "a..b", "a" * 64, "1.2.3.256", "a.example:0", "a.example:70000"),
            "API",
        ),
        (
            ("a.example", "a.example.", "my_app:8000", "학원.example", "127.0.0.1:8000", "[::1]:8000", "1.2.3.example"),
            "",
        ),
    ],
)
def test_an_address_that_no_client_can_ask_is_malformed(hosts: tuple[str, ...], name: str) -> None:
    expected = f"ACADEMY_{name}_URL" if name else None
    for host in hosts:
        result = load(environ={"ACADEMY_API_URL": f"https://{host}"}, default_env_file=None).malformed_address()
        assert result == expected, host
