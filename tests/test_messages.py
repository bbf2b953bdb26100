"""Every sentence for people exists in Korean and in English."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from academy_ops import messages
from academy_ops.messages import say, with_particles

ROOT = Path(__file__).parent.parent
METHODS = [("**.py", "python"), ("report/*.html", "jinja2")]
KEYWORDS = {"_": None, "say": None}


def sentences() -> set[str]:
    found = set[str]()
    for folder in ("academy_ops", "checks"):
        for _file, _line, message, _comments, _context in extract_from_dir(ROOT / folder, METHODS, keywords=KEYWORDS):
            found.add(message if isinstance(message, str) else message[0])
    return found


def korean() -> dict[str, str]:
    path = ROOT / "academy_ops/locale/ko/LC_MESSAGES/academy_ops.po"
    with path.open("rb") as lines:
        return {str(message.id): str(message.string) for message in read_po(lines) if message.id}


def test_every_sentence_is_translated_and_none_is_left_over() -> None:
    translated = {template for template, text in korean().items() if text}
    assert sentences() - translated == set(), "run `make messages` and translate these"
    assert translated - sentences() == set(), "run `make messages`: these are no longer said"


def test_no_sentence_hides_in_an_f_string() -> None:
    # Before Python 3.12 an f-string is one token, and the extractor sees nothing inside it.
    sources = [path for folder in ("academy_ops", "checks") for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 100
    hidden = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS
    ]
    assert hidden == []


def test_a_translation_has_the_same_values_as_its_sentence() -> None:
    def fields(template: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name}

    differing = {template: text for template, text in korean().items() if fields(template) != fields(text)}
    assert differing == {}


def test_a_text_is_rendered_in_either_language_with_the_same_values() -> None:
    text = say("The job is {status}.", status="PENDING")
    assert text.render("en") == "The job is PENDING."
    assert "PENDING" in text.render("ko")
    assert text.render("ko") != text.render("en")


@pytest.mark.parametrize(
    ("asked", "environ", "language"),
    [
        ("ko", {"LANG": "en_US.UTF-8"}, "ko"),
        (None, {"ACADEMY_OPS_LANG": "ko", "LANG": "en_US.UTF-8"}, "ko"),
        (None, {"LANG": "ko_KR.UTF-8"}, "ko"),
        (None, {"LC_ALL": "C", "LANG": "ko_KR.UTF-8"}, "en"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_setting_else_the_locale(
    asked: str | None, environ: dict[str, str], language: str
) -> None:
    assert messages.choose(asked, environ) == language


def test_a_language_nobody_speaks_here_is_refused() -> None:
    with pytest.raises(ValueError, match="fr"):
        messages.choose("fr", {})


@pytest.mark.parametrize(
    ("value", "read"),
    [("1", "1은"), ("4", "4는"), ("학생", "학생은"), ("워커", "워커는"), ("academy-excel", "academy-excel은")],
)
def test_a_particle_is_the_one_that_its_value_asks_for(value: str, read: str) -> None:
    assert with_particles(f"{value}은(는)") == read


def test_a_particle_stays_in_both_forms_where_nobody_knows_the_sound() -> None:
    assert (
        with_particles("vpc이(가) 서울(으)로, 부산(으)로, worker.k을(를)")
        == "vpc이(가) 서울로, 부산으로, worker.k을(를)"
    )


def test_one_thing_has_one_name_in_korean() -> None:
    others = re.compile(
        r"워커 ASG|(?<![A-Za-z_(])ASG[가는를의와]|워커 파라미터|배제|기동|해 주세요|떠 있|띄우|[0-9]를 응답"
    )
    assert [text for text in korean().values() if others.search(text)] == []
