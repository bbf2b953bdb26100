"""Elements of a page. Everything is text in a tree, so nothing that is told can become a tag."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from academy_ops.diagnosis.redact import printable
from academy_ops.messages import Text
from academy_ops.report.reading import parts

LONGEST: Final = 20_000
"""Characters of one element; no page gets too long to be shown."""


def add(parent: Element, tag: str, text: str = "", kind: str = "", **attributes: str) -> Element:
    """Add an element.

    Args:
        parent: Where it goes.
        tag: Its name.
        text: What it says; control characters are replaced.
        kind: Its CSS classes.
        attributes: Others, of our own making; an underscore stands for a hyphen.
    """
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    child = SubElement(parent, tag, {"class": kind, **named} if kind else named)
    child.text = printable(text[:LONGEST])
    return child


def add_sentence(parent: Element, tag: str, sentence: Text, kind: str = "") -> Element:
    """Add an element that says a sentence; the values in it are set apart as code."""
    child = add(parent, tag, kind=kind)
    for piece, is_value in parts(sentence):
        if is_value:
            add(child, "code", piece)
        else:
            add_text(child, piece)
    return child


def add_text(parent: Element, text: str) -> None:
    """Add text after whatever is in ``parent``."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + printable(text)
    else:
        parent.text = (parent.text or "") + printable(text)


def whole_words(pre: Element) -> None:
    """Let the lines of a command break between its words alone; a browser would break after a hyphen, too."""
    words = re.split(r"(?<=\s)(?=\S)", pre.text or "")
    pre.text = ""
    for word in words:
        add(pre, "span", word.rstrip())
        add_text(pre, word[len(word.rstrip()) :])
