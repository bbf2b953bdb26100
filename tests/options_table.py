"""The table of common options in both READMEs, made from the help: ``make runbooks`` writes it there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from academy_ops import messages

ROOT: Final = Path(__file__).parent.parent
READMES: Final[dict[messages.Language, str]] = {"en": "README.md", "ko": "README.ko.md"}
_HEADS: Final[dict[messages.Language, str]] = {"en": "option | what it does", "ko": "옵션 | 하는 일"}
_TABLE: Final = re.compile(r"(?<=<!-- options: begin -->\n).*?(?=<!-- options: end -->)", re.DOTALL)


def updated(language: messages.Language, text: str) -> str:
    """Return a README with its table as the help has it now."""
    # Help is translated while it is loaded: each language takes a process.
    made = subprocess.run(
        [sys.executable, "-m", __name__, language], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return _TABLE.sub(lambda _: f"\n{made.stdout}\n", text)


def _print(language: messages.Language) -> None:
    messages.use(language)
    from academy_ops.cli.app import commands  # noqa: PLC0415 - not before the language is chosen

    print(f"| {_HEADS[language]} |\n| --- | --- |")  # noqa: T201 - the caller reads it
    for option in commands([]).params:
        names = ", ".join(f"`{name} {option.metavar}`" if option.metavar else f"`{name}`" for name in option.opts)
        if "completion" not in names:  # it has a paragraph of its own
            row = f"| {names} | {option.help} |".replace("ko|en", r"ko\|en")
            print(row)  # noqa: T201 - as above


if __name__ == "__main__":
    (asked,) = [language for language in READMES if language == sys.argv[1]]
    _print(asked)
