"""Every output of a few diagnoses says what the files in golden/ hold; ``make golden`` renews them."""

import pytest

from tests.report.golden import FOLDER, Golden, every


@pytest.mark.parametrize("one", list(every()), ids=lambda one: one.path.name)
def test_the_output_is_as_it_is_held(one: Golden) -> None:
    assert one.written() == one.path.read_text(encoding="utf-8")


def test_nothing_else_is_held() -> None:
    assert set(FOLDER.iterdir()) == {one.path for one in every()}
