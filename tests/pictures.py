"""``make pictures``: what commands really show on a terminal of 80 columns, as pictures for the README."""

import html
import io
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.commands import environment
from tests.lab_driver import Lab

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
COLUMNS = 80
TIMEOUT_SECONDS = 120
BRIGHT = [(88, 96, 105), (255, 123, 114), (126, 231, 135), (240, 200, 90), (121, 192, 255), (210, 168, 255)]
NORMAL = [(72, 79, 88), (248, 81, 73), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255)]
THEME = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [*NORMAL, (57, 197, 207), (177, 186, 196)],
    [*BRIGHT, (86, 212, 221), (255, 255, 255)],
)
# A picture must not ask another host for a font.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
SPAN = re.compile(
    r'<text (?P<style>class="[^"]*") x="(?P<x>[\d.]+)" (?P<y>y="[\d.]+") '
    r'textLength="(?P<length>[\d.]+)"(?P<more>[^>]*)>(?P<text>[^<]*)</text>'
)
RUN = re.compile(
    r"[\u1100-\u11ff\u3000-\u9fff\uac00-\ud7af\uff01-\uff60]+|[^\s\u1100-\u11ff\u3000-\u9fff\uac00-\ud7af\uff01-\uff60]+"
)
"""Characters of two cells, or others without a space."""
WIDE_PIXELS = 22
WIDE_FONTS = "'Nanum Gothic Coding', NanumGothicCoding, D2Coding, 'Noto Sans Mono CJK KR', 'Malgun Gothic', monospace"
CONTROL = re.compile(r"(\n|\r|\x1b\[2K|\x1b\[\d*A|\x1b\[\?25[lh])")


@dataclass(frozen=True)
class Scene:
    """A command whose screen is wanted; ``{job}`` is the job that the fault has made."""

    name: str
    fault: str | None
    command: tuple[str, ...]


SCENES = (
    Scene("worker-off.ko", "worker-off", ("--lang", "ko", "diagnose", "{job}")),
    Scene("worker-off.en", "worker-off", ("--lang", "en", "diagnose", "{job}")),
    Scene("app-down.ko", "app-down", ("--lang", "ko", "diagnose", "{job}")),
    Scene("bad-phones.ko", "excel-phone-invalid", ("--lang", "ko", "diagnose", "{job}")),
    Scene("healthy.en", None, ("--lang", "en", "diagnose", "{job}")),
    Scene("explain.ko", None, ("--lang", "ko", "explain", "worker-env-stale")),
)


def on_terminal(command: list[str], environ: dict[str, str], folder: Path) -> str:
    """Run a command on a terminal of its own; return what it wrote there."""
    here, there = pty.openpty()
    with subprocess.Popen(
        command, stdin=there, stdout=there, stderr=there, env=environ, cwd=folder, close_fds=True
    ) as process:
        os.close(there)
        written = b""
        ends_at = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < ends_at:
            if not select.select([here], [], [], 1.0)[0]:
                continue
            try:
                chunk = os.read(here, 65536)
            except OSError:
                break  # the command has ended and closed its side
            if not chunk:
                break
            written += chunk
        process.terminate()
    os.close(here)
    return written.decode("utf-8", "replace")


def last_screen(written: str) -> str:
    """Return the lines that stand on the terminal at the end: a spinner has erased its own."""
    rows, at = [""], 0
    for piece in CONTROL.split(written):
        if piece == "\n":
            at += 1
            rows += [""] if at == len(rows) else []
        elif piece.endswith("A") and CONTROL.fullmatch(piece):
            at -= int(piece[2:-1] or 1)
        elif piece == "\x1b[2K":
            rows[at] = ""
        elif not CONTROL.fullmatch(piece):
            rows[at] += piece
    return "\n".join(rows).strip("\n")


def picture(title: str, written: str) -> str:
    """Draw what was written as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(last_screen(written)), soft_wrap=True)
    drawn = console.export_svg(title=title, theme=THEME)
    return SPAN.sub(_words, FONT_FACE.sub("", drawn))


def _words(span: re.Match[str]) -> str:
    """Put each word into its own cells: rich counts a Korean character as one, and browsers stretch the spaces.

    A Korean character stands in the middle of its two cells as its font has it. Stretched to them it would be too wide.
    """
    shown = html.unescape(span["text"])
    if cell_len(shown) == len(shown):
        return span[0]
    cell = float(span["length"]) / len(shown)
    drawn = []
    for word in RUN.finditer(shown):
        begins = float(span["x"]) + cell * cell_len(shown[: word.start()])
        if cell_len(word[0]) == len(word[0]):
            place = f'x="{begins:g}" {span["y"]} textLength="{cell * len(word[0]):g}"'
        else:
            margin = (2 * cell - WIDE_PIXELS) / 2
            each = (f"{begins + margin + 2 * cell * number:g}" for number in range(len(word[0])))
            place = f'x="{" ".join(each)}" {span["y"]} style="font-size: {WIDE_PIXELS}px; font-family: {WIDE_FONTS}"'
        drawn.append(f"<text {span['style']} {place}{span['more']}>{html.escape(word[0])}</text>")
    return "".join(drawn)


def main() -> None:
    """Draw every scene on one lab."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.do("lab", "up", "--detach")
        try:
            for scene in SCENES:
                job = lab.ended(lab.do("lab", "upload")) if scene.fault in {None, "app-down"} else None
                printed = lab.do("lab", "break", scene.fault) if scene.fault else None
                job = job or printed or lab.do("lab", "upload")
                if scene.fault == "excel-phone-invalid":
                    lab.ended(job)
                words = [word.format(job=job) for word in scene.command]
                screen = {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
                environ = environment(Path(folder)) | lab.settings() | screen
                written = on_terminal([sys.executable, "-m", "academy_ops", *words], environ, Path(folder))
                text = picture(f"academy-ops {' '.join(words)}", written)
                (FOLDER / f"{scene.name}.svg").write_text(text, encoding="utf-8")
                lab.start_afresh()
        finally:
            lab.do("lab", "down")


if __name__ == "__main__":
    main()
