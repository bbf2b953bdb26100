"""The API keeps to its own OpenAPI document, whatever it is asked; schemathesis asks."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from academy_ops.academy import sample_workbooks
from academy_ops.lab.storage import Storage
from tests.academy.conftest import TOKEN, Academy, new_academy

pytestmark = pytest.mark.xdist_group("api")
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection,unsupported_method,ignored_auth,use_after_free"
)


@pytest.fixture
def api(aws: str, storage: Storage, tmp_path: Path) -> Iterator[Academy]:
    """An API that lets everything be asked as often as one likes."""
    for academy in new_academy(aws, storage, tmp_path, f"sqlite:///{tmp_path / 'academy.sqlite3'}"):
        academy.make_queue()
        academy.start_api("--uploads-per-minute", "100000")
        yield academy


def test_every_answer_is_one_that_the_document_names(api: Academy) -> None:
    job_id = api.upload(sample_workbooks.students(1))
    (api.folder / "schemathesis.toml").write_text(f'[parameters]\n"path.job_id" = "{job_id}"\n', "utf-8")
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "run", f"{api.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {TOKEN}", "--checks", CHECKS),
            *("--max-examples", "20", "--seed", "1", "--generation-database", "none", "--no-color"),
        ],
        cwd=api.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert "Traceback" not in api.log()
