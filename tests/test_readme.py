"""The READMEs say what the help says."""

import pytest

from academy_ops.messages import Language
from tests.options_table import READMES, ROOT, updated


@pytest.mark.parametrize("language", READMES)
def test_the_table_of_options_is_the_helps(language: Language) -> None:
    text = (ROOT / READMES[language]).read_text(encoding="utf-8")
    assert "| `--timeout SECONDS` |" in text
    assert updated(language, text) == text
