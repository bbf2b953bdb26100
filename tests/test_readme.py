"""The READMEs say what the help says."""

import re

import pytest

from academy_ops.messages import Language
from academy_ops.report import Output
from tests.options_table import READMES, ROOT, updated


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_options_is_the_helps(language: Language) -> None:
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    assert "| `--timeout SECONDS` |" in text
    assert updated(language, text) == text


@pytest.mark.parametrize("language", READMES)
def test_every_form_of_output_has_its_row(language: Language) -> None:
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    _, _, table = text.partition("\n| `table` |")
    first_cells = "`table`" + "".join(re.findall(r"^\| (`.*?) \|", table.partition("\n\n")[0], re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", first_cells)) == set(Output)
