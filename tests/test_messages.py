"""Every sentence for people exists in Korean and in English."""

import ast
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from academy_ops import messages
from academy_ops.messages import LANGUAGES, Language, say, with_particles
from academy_ops.report.runbook import FILES

ROOT = Path(__file__).parent.parent
METHODS = [
    ("diagnosis/catalogue/__init__.py", "academy_ops.diagnosis.catalogue:extract"),
    ("lab/faults/fault.py", "academy_ops.lab.faults:extract"),
    ("**.py", "python"),
    ("report/*.html", "jinja2"),
]
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


REFUSED: dict[Language, dict[str, str]] = {
    "en": {
        r"\bmend": "fix, correct",
        r"\bin vain\b|\bcom\w+ to nothing\b": "what failed",
        r"\b(?:no|some)body\b": "no worker, no one; or what did it",
        r"\bknows? (?:no|of|us)\b": "has no",
        r"(?<![Tt]here )\b(?:is|are) no\b(?! longer)": "is not a",
        r"\banew\b": "again, a new one",
        r"\btowards\b": "to",
        r"\b(?:is|are|was|were) told\b|\btold by\b": "recognized, reported, shown",
        r"\bstands?\b": "is",
        r"\bspeaks?\b": "uses TLS, mentions the job",
        r"(?:^|[.;:] )[Ww]here (?!to\b)": "if",
        r"'s (?:own )?words\b": "the message",
        r"(?<!`)\bcancelled\b|\bmisspelt\b|\bpractise\b": "American spelling",
        r"\bjob ID\b": "job id",
    },
    "ko": {
        r"워커 ASG|(?<![A-Za-z_(])ASG[가는를의와]": "워커 그룹(ASG)",
        r"워커 파라미터|워커의 파라미터": "워커 환경 파라미터",
        r"기동|떠 있|띄우|뜬 지|떴|뜨지": "시작",
        r"훅": "후크",
        r"알람": "경보",
        r"프로필": "프로파일",
        r"증거": "근거",
        r"헤더 행": "머리글 행",
        r"상태 검사": "헬스 체크",
        r"비밀 키|시크릿(?! 키)": "시크릿 키",
        r"아카데미|학원의 큐|학원 버킷": "academy: 학원 is a school",
        r"웹 사이트": "웹사이트",
        r"배제": "원인 아님",
        r"[을를] 응답|[0-9]를 응답": "로 응답",
        r"진행 중인 작업은 처음": "처리 중인 작업",
        r"해 주세요": "하세요",
        r"에 의해|되어진|가지고 있|그것": "translated, not written",
        r"(?:경보|큐|워커|파라미터|후크|메시지)(?:은|이|을|과) ": "는, 가, 를, 와",
    },
}
"""What no sentence and no runbook says, and what is said instead: one term for one thing, and no translated turns."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_refused_word_is_said(language: Language) -> None:
    catalogue = korean()
    runbook = " ".join((ROOT / FILES[language]).read_text(encoding="utf-8").split())
    texts = [*(catalogue.values() if language == "ko" else catalogue), *runbook.split(". ")]
    assert len(texts) > 1400
    said = {
        instead: found
        for refused, instead in REFUSED[language].items()
        if (found := [text for text in texts if re.search(refused, text)])
    }
    assert said == {}
