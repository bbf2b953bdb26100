"""The help of every command: a page of a manual, in either language, at any width."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from rich.cells import cell_len
from typer.core import TyperGroup

from academy_ops.cli import main
from academy_ops.cli.app import commands
from academy_ops.cli.pages import MANUAL
from academy_ops.report import Output
from tests.commands import SHELL


def paths(command: object, path: str = "") -> Iterator[str]:
    yield path
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from paths(one, f"{path} {name}".strip())


PATHS = tuple(paths(commands()))


_PAGES = """
import sys
from academy_ops.cli.main import run
for path in sys.argv[2:]:
    run(["--lang", sys.argv[1], *path.split(), "--help"])
    print("===")
"""


@pytest.fixture(scope="module", params=[("en", "80"), ("ko", "80"), ("ko", "40"), ("en", "200")])
def pages(request: pytest.FixtureRequest) -> tuple[str, int, list[str]]:
    """The help of every command, in one language at one width."""
    language, columns = request.param
    done = subprocess.run(
        [sys.executable, "-c", _PAGES, language, *PATHS],
        env={**SHELL, "LANG": "C.UTF-8", "COLUMNS": columns},
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return language, int(columns), done.stdout.split("===\n")[:-1]


def test_no_line_is_wider_than_the_terminal_but_a_command_to_be_copied(pages: tuple[str, int, list[str]]) -> None:
    _language, columns, result = pages
    wide = [line for page in result for line in page.splitlines() if cell_len(line) > columns]
    assert [line for line in wide if "academy-ops" not in line] == []


def test_each_page_lists_the_short_names_of_what_every_command_has(pages: tuple[str, int, list[str]]) -> None:
    _language, _columns, result = pages
    assert [page for page in result if "  -h, --help" not in page] == []
    assert [page for page in result if ("-o, --output" in page) != ("  --json" in page)] == []


def test_h_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    for path in PATHS:
        codes_and_pages = [
            (main.run(["--lang", "en", *path.split(), option]), capsys.readouterr().out) for option in ("-h", "--help")
        ]
        assert codes_and_pages[0] == codes_and_pages[1]
        assert codes_and_pages[0][1].startswith(f"Usage: academy-ops {path}".rstrip())


def test_each_page_says_how_the_command_is_called_and_gives_an_example(pages: tuple[str, int, list[str]]) -> None:
    language, _columns, result = pages
    usage, examples = ("Usage: ", "Examples:") if language == "en" else ("사용법: ", "예:")
    for path, page in zip(PATHS, result, strict=True):
        assert page.startswith(f"{usage}academy-ops {path}".rstrip())
        assert "academy-ops" in page.partition(f"\n{examples}\n")[2]


def test_nothing_of_typers_own_english_is_left_in_korean(pages: tuple[str, int, list[str]]) -> None:
    language, _columns, result = pages
    english = ("Usage", "Options:", "Arguments:", "Commands:", "Show this message", "completion for", "default:")
    left = [word for page in result for word in english if word in page]
    assert left == [] or language == "en"


def test_the_manual_has_pages_for_commands_only() -> None:
    assert set(MANUAL) - set(PATHS) == set()


def test_a_command_without_examples_of_its_own_shows_the_groups(capsys: pytest.CaptureFixture[str]) -> None:
    shown = {}
    for path in ("lab up", "lab down", "queue", "serve worker"):
        main.run(["--lang", "en", *path.split(), "--help"])
        shown[path] = [line.strip() for line in capsys.readouterr().out.splitlines() if line.startswith("    academy")]
    assert shown == {
        "lab up": ["academy-ops lab up --detach"],
        "lab down": ["academy-ops lab down"],
        "queue": ["academy-ops queue create --dry-run", "academy-ops queue create"],
        "serve worker": ["academy-ops serve worker"],
    }


def test_each_page_lists_the_forms_of_output_that_the_command_has_and_no_other(
    capsys: pytest.CaptureFixture[str], compared: Callable[[int], None]
) -> None:
    needed = {"watch": "abc", "scale-worker": "--desired=1", "aws": "sts"}
    count = 0
    for path in PATHS:
        main.run(["--lang", "en", *path.split(), "--help"])
        page = capsys.readouterr().out
        if "  --timeout" not in page or "\nCommands:" in page:
            # It has none of the options that are common, or is no command by itself.
            continue
        listed = re.search(r"-o, --output FORM\s+The output format\.\s+\[([a-z|]+)\]", page)
        forms = set(listed[1].split("|")) if listed else {"table"}
        assert len(forms) > 1 or not listed
        for form in set(Output) - forms:
            code = main.run(["--lang", "en", *path.split(), "-o", form, *filter(None, [needed.get(path)])])
            assert (code, "does not support the output" in capsys.readouterr().err) == (2, True), (path, form)
            count += 1
    compared(count)
    assert count > 30


def test_what_must_be_given_stands_bare_in_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["--lang", "en", "watch", "--help"])
    assert capsys.readouterr().out.startswith("Usage: academy-ops watch [OPTIONS] JOB_ID\n")
