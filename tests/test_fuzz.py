"""Whatever comes in from outside: it is read or refused, never an exception, and never gives a secret away."""

import json
import string
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from academy_ops.outside.clients import Answer, Connections
from academy_ops.settings import Settings, load
from academy_ops.settings.env_files import SettingsError, read_env_file
from checks.job_document import read_answer
from checks.worker_logs import InstanceLog, read_lines
from checks.worker_report import parse_parameter, read_host
from tests.words import code_of_message

SECRET = "s3cret-of-the-academy-4711"
SALT = "0" * 32
FEW = settings(max_examples=150)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("status", "result", "error_message", "progress", "created_at", "updated_at", "file_key", "job_id")
PROBE = (
    "probe=2\nclock=1767225600\ndocker=up\ndisk_percent=41\ncontainer=present\nname=/academy-ai-worker-cpu\n"
    'status=running\nstarted=2026-01-01T00:00:00Z\nexit_code=0\noom_killed=false\nerror=""\nrestarts=0\n'
    'log_driver=awslogs\nlog_group="/academy/ai-worker"\noom_kill=1767225600\nenv=R2_ENDPOINT 00\nlog_lines=2\n'
    "section=errors\nsection=tail\n2026-01-01T00:00:01.000000000Z worker started\nsection=end\n"
)
NAMES = (
    "R2_ENDPOINT",
    "R2_ACCESS_KEY",
    "ACADEMY_API_URL",
    "SSL_CERT_FILE",
    "AI_SQS_QUEUE_NAME_BASIC",
    "ACADEMY_OPS_LANG",
)


@pytest.fixture(scope="module")
def known() -> Settings:
    return load(environ={"R2_SECRET_KEY": SECRET, "R2_ENDPOINT": "https://r2.example"})


@pytest.fixture(scope="module")
def connect(known: Settings) -> Connections:
    return Connections(known)


@st.composite
def cut_up(draw: st.DrawFn, text: str) -> str:
    """A text of which some places were overwritten, left out, doubled or filled with a secret."""
    for _ in range(draw(st.integers(0, 4))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
        put = draw(st.text(max_size=30) | st.sampled_from(["", text[start:end] * 2, SECRET, "\x1b[31m", "\x00", "\n"]))
        text = text[:start] + put + text[end:]
    return text


@FEW
@given(st.binary(max_size=400) | st.text(alphabet=string.printable, max_size=400).map(str.encode))
def test_any_env_file_is_read_or_refused_without_a_word_of_it(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, ".env")
        path.write_bytes(b"TOKEN='" + SECRET.encode() + b"\n" + content)
        result = ""
        try:
            read_env_file(path)
        except SettingsError as refused:
            result = str(refused)
    assert SECRET not in result


@FEW
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=60), max_size=6))
def test_any_setting_is_taken_or_refused(environ: dict[str, str]) -> None:
    result = ""
    try:
        load(environ={**environ, "R2_SECRET_KEY": SECRET})
    except SettingsError as refused:
        result = str(refused)
    assert SECRET not in result


@FEW
@given(st.integers(100, 599), JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_any_body_of_a_job_is_a_document_or_unseen(status: int, body: object) -> None:
    answer = Answer("https://api.example/", status, {}, json.dumps(body), 1)
    read_answer(answer)
    read_answer(replace(answer, body=json.dumps(body)[:-1]))


@FEW
@given(st.text(max_size=300))
def test_any_message_of_a_job_has_one_code_or_none(message: str) -> None:
    code_of_message(message)


@FEW
@given(cut_up(PROBE))
def test_any_output_of_the_probe_is_read_or_not_taken_and_its_secrets_are_masked(
    known: Settings, connect: Connections, output: str
) -> None:
    assert SECRET not in repr(read_host("i-0", output, SALT, known, connect))


@FEW
@given(cut_up("lines=2\n2026-01-01T00:00:01.0Z worker started\n2026-01-01T00:00:02.0Z polling\n"))
def test_any_output_of_the_log_reader_is_read_or_unseen_and_reaches_no_terminal_raw(
    connect: Connections, output: str
) -> None:
    log = read_lines("i-0", output, connect)
    texts = [line.text for line in log.lines] if isinstance(log, InstanceLog) else []
    assert not any(SECRET in text or "\x1b" in text for text in texts)


@FEW
@given(st.text(max_size=300) | JSON.map(json.dumps))
def test_any_parameter_has_a_form(text: str) -> None:
    form, values = parse_parameter(text)
    assert form in {"dotenv", "base64-json", "unreadable"}
    assert all(isinstance(value, str) for value in values.values())
