"""The audit of a chaos run finds what it is there to find."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from academy_ops import contract
from academy_ops.academy.store import Store
from academy_ops.lab.state import TENANT, Keys, LabState
from tests.chaos import audit, plan
from tests.chaos.users import Told

NOTHING: dict[str, list[str]] = {contract.QUEUE_NAME: [], contract.QUEUE_NAME + contract.DLQ_SUFFIX: []}
KEYS = Keys("an-id", "a-secret")
UPLOAD = plan.Upload(0, 0.0, "good", plan.DONE, 1, 2, "pw-of-upload-0")


@pytest.fixture
def lab(tmp_path: Path) -> LabState:
    texts: dict[str, Any] = dict.fromkeys(
        ("since", "cloud_url", "r2_endpoint", "api_url", "ca_file", "origin_url", "app_url"), ""
    )
    url = f"sqlite:///{tmp_path / 'academy.sqlite3'}"
    return LabState(1, **texts, operator=KEYS, r2=KEYS, api_token="t" * 9, control_token="c" * 9, database_url=url)


@pytest.fixture
def store(lab: LabState) -> Iterator[Store]:
    one = Store(lab.database_url)
    yield one
    one.close()


def given(store: Store, *, students: int) -> Told:
    """Let the upload be accepted, and so many of its students be created."""
    job = store.claim(store.add_job(TENANT, "excel/lab/a.xlsx", "$argon2id$…").id)
    assert job is not None
    rows = [{"name": name, "parent_phone": phone} for name, phone in sorted(UPLOAD.students())][:students]
    store.finish(job, rows, [], "worker")
    return Told(accepted={0: job.id})


def test_a_run_in_which_all_is_well_has_nothing_to_answer_for(lab: LabState, store: Store) -> None:
    found = audit.account(lab, [UPLOAD], given(store, students=2), NOTHING, [])
    assert (found.lost, found.twice) == ([], [])


def test_a_missing_student_is_lost(lab: LabState, store: Store) -> None:
    found = audit.account(lab, [UPLOAD], given(store, students=1), NOTHING, [])
    assert found.lost == ["1 of 2 students of upload 0 are not there"]


def test_a_job_that_has_not_ended_is_lost(lab: LabState, store: Store) -> None:
    result = given(store, students=2)
    store.add_job(TENANT, "excel/lab/b.xlsx", "$argon2id$…")
    result.cut[0] += 1
    found = audit.account(lab, [UPLOAD], result, NOTHING, [])
    assert [one.partition(" is ")[2] for one in found.lost] == ["PENDING after 0 attempts"]


def test_a_job_that_nobody_asked_for_is_there_twice(lab: LabState, store: Store) -> None:
    result = given(store, students=2)
    given(store, students=2)
    assert audit.account(lab, [UPLOAD], result, NOTHING, []).twice == ["2 jobs of at most 1 uploads"]


def test_a_message_that_is_left_is_told_with_its_job(lab: LabState, store: Store) -> None:
    result = given(store, students=2)
    left = {**NOTHING, contract.QUEUE_NAME + contract.DLQ_SUFFIX: [f'{{"job_id": "{result.accepted[0]}"}}']}
    (line,) = audit.account(lab, [UPLOAD], result, left, []).lost
    assert "which is DONE, is left in" in line


def test_an_upload_without_an_answer_is_lost(lab: LabState, store: Store) -> None:
    store.ping()
    found = audit.account(lab, [UPLOAD], Told(), NOTHING, [])
    assert found.lost == ["upload 0 (good): neither accepted nor refused"]


def test_a_secret_is_found_wherever_it_is_and_not_repeated(lab: LabState, tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("… pw-of-upload-0 …", encoding="utf-8")
    (tmp_path / "state.json").write_text("a-secret", encoding="utf-8")
    known = audit.secrets_of(lab, tmp_path, [UPLOAD])
    found = audit.leaks(known, tmp_path, {"an answer": ["fine", f"Bearer {lab.api_token}"]})
    assert found == ["the initial password of upload 0 in api.log", "the API's token in an answer"]


def test_the_database_s_password_is_a_secret(lab: LabState, tmp_path: Path) -> None:
    there = replace(lab, database_url="postgresql://academy:word@/academy?host=/somewhere")
    assert audit.secrets_of(there, tmp_path, [])["word"] == "the database's password"


def test_the_same_seed_plans_the_same_run() -> None:
    one, same = (plan.uploads(random.Random(7), 50, 60.0) for _ in range(2))
    assert one == same
    assert {upload.kind for upload in one} >= {"good", "partly bad", "zip bomb", "not .xlsx", "no workbook"}
