"""Whatever stands in a message, a log line or a name stays text in every output."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from academy_ops.diagnosis.command import command
from academy_ops.diagnosis.records import Diagnosis, Finding, Remedy, Verdict
from academy_ops.messages import LANGUAGES, Language, say
from academy_ops.report import Output, github, html, junit, markdown
from academy_ops.report import json as json_form
from tests.checks import facts_factory as h
from tests.checks.scenarios import Facts, ended, group, says, unseen, waiting, way
from tests.report.golden import diagnosis, shown

BAIT = (
    "<script>alert(1)</script> <!-- ]]> --> | \\| `` ```\r\n```\n::error::owned\n# owned\n| a | b |\n@octocat #1 !1 "
    "https://evil.example www.evil.example a@evil.example [a](https://evil.example) <img src=x onerror=alert(1)> "
    "%0A::warning title=a,b:c::d \x1b[31m \x9b31m \x00 \ufffe \u202e \u2028::error::owned\u2029 &amp; &#64; \\"
)
LONG = BAIT + "x" * 10_000

HOSTILE: dict[str, Facts] = {
    "message": ended(LONG),
    "rows": ended(None, "DONE", result={"created": 0, "failed": [{"row": 3, "name": BAIT, "error": LONG}]}),
    "status": {"document": h.job(LONG)},
    "log": says(LONG, f"{BAIT} MemoryError"),
    "names": group(h.group(1, instances=(h.instance(LONG, lifecycle=BAIT),)), activities=(h.failed_launch(LONG),)),
    "answer": way(h.answer(502, LONG, server=BAIT), app=unseen("refused", LONG)),
    "permission": waiting(queue=h.queue(unseen("denied", LONG))),
}
"""Facts with bait wherever somebody else chooses the text."""

MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
TEXT = st.one_of(st.text(min_size=1), st.text("<>|`\\:,%#@\r\n&]\x1b\ud800 a", min_size=1), st.just(LONG))


class Tags(HTMLParser):
    """The tags of a page with their attributes, but for the words of its commands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (tag, attrs) != ("span", []):
            self.found.append((tag, attrs))

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", [(data, None)]))


def about(text: str) -> Diagnosis:
    """A diagnosis that says ``text`` wherever it may stand."""
    remedy = Remedy(say("Look at {name}.", name=text), command("echo", text), command("test", text), "change")
    result = say("It says {text}.", text=text)
    evidence: dict[str, object] = {"error_message": text, "status": text, "rows": [{"row": 3, "error": text}]}
    findings = (
        Finding("job", "4", "fail", result, "job-failed", evidence, (remedy,)),  # type: ignore[arg-type] # it is JSON
        Finding("logs", "3-4", "warn", result, "worker-silent", {"log": [text, text]}, (remedy,)),
        Finding(
            "queue", "3-3", "unknown", result, None, {"detail": text}, (), text, say("{tried} is denied", tried=text)
        ),
        Finding("r2", "1", "ok", result),
    )
    verdict = Verdict("faulty", result, "job-failed", "4", (remedy,), warnings=("worker-silent",), ruled_out=("r2",))
    return Diagnosis("job-1", datetime(2026, 11, 22, tzinfo=UTC), 10, verdict, findings)


def blocks(text: str) -> list[str]:
    """What Markdown makes of a text: the kinds of all its pieces, one after another."""
    return [kind for token in MARKDOWN.parse(text) for kind in (token.type, *(c.type for c in token.children or ()))]


@cache
def plain_tags() -> list[tuple[str, list[tuple[str, str | None]]]]:
    """The tags of a page that says nothing special."""
    return Tags(html.render_diagnosis(about("x"))).found


def assert_only_text(told: str, output: str) -> None:
    """Assert that nothing of the bait is obeyed by who shows the output."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", told)
    match output:
        case "html":
            # The page's own script is let in by its digest, and no other is there.
            own = (files("academy_ops.report") / "page.js").read_text("utf-8")
            assert told.count(f"<script>{own}</script>") == 1
            told = told.replace(f"<script>{own}</script>", "")
            kinds = {tag for tag, _attributes in Tags(told).found}
            assert not kinds & {"script", "img", "a", "comment", "iframe", "link"}
            assert "evil" not in str(Tags(told).found)
        case "markdown":
            assert not {kind for kind in blocks(told) if kind.startswith(("html", "link", "image"))}
        case "junit":
            assert not [one for one in ET.fromstring(told).iter() if one.tag == "script"]
        case "github":
            assert all(re.match("::(error|warning|notice) title=", line) for line in told.splitlines())
        case "table":
            assert "::error::owned" not in [line.strip() for line in told.splitlines()]
        case "yaml":
            yaml.safe_load(told)
        case _:
            json.loads(told)


@settings(max_examples=60)
@given(TEXT)
def test_a_page_has_the_same_tags_whatever_is_told(text: str) -> None:
    assert Tags(html.render_diagnosis(about(text))).found == plain_tags()


@settings(max_examples=60)
@given(TEXT)
def test_markdown_has_the_same_blocks_whatever_is_told(text: str) -> None:
    assert blocks(markdown.render_diagnosis(about(text))) == blocks(markdown.render_diagnosis(about("x")))


@settings(max_examples=60)
@given(TEXT)
def test_junit_has_the_same_elements_whatever_is_told(text: str) -> None:
    there, plain = (ET.fromstring(junit.render_diagnosis(about(one))) for one in (text, "x"))
    assert [one.tag for one in there.iter()] == [one.tag for one in plain.iter()]


@settings(max_examples=60)
@given(TEXT)
def test_there_are_the_same_annotations_whatever_is_told(text: str) -> None:
    lines = github.render_diagnosis(about(text)).split("\n")
    heads = [re.match(r"::(error|warning) title=([^:,\r]+)::[^\r]*$", line) for line in lines[:-1]]
    assert [head and head[1] for head in heads] == ["error", "warning", "warning"]
    assert lines[-1] == ""


@settings(max_examples=60)
@given(TEXT)
def test_json_holds_the_text_itself(text: str) -> None:
    result = json.loads(json_form.render_diagnosis(about(text)))
    assert result["findings"][0]["evidence"]["error_message"] == text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("output", Output)
@pytest.mark.parametrize("facts", HOSTILE.values(), ids=HOSTILE)
def test_nothing_of_the_bait_is_more_than_text(facts: Facts, output: Output, language: Language) -> None:
    assert_only_text(shown(diagnosis(**facts), output, language), output)


def test_the_page_asks_for_nothing_and_its_policy_lets_nothing_in() -> None:
    page = html.render_diagnosis(about("x"))
    style = re.search("<style>(.*)</style>", page, re.DOTALL)
    assert style
    own = (files("academy_ops.report") / "page.js").read_text("utf-8")
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (style[1], own)]
    policy = (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    attributes = [(name, value) for _tag, pairs in Tags(page).found for name, value in pairs]
    assert ("content", policy) in attributes
    assert not [name for name, _value in attributes if name in {"src", "href", "style"} or name.startswith("on")]
    assert not re.search(r"url\(|@import", style[1])
