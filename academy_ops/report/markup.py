"""Elements of a page. Everything is text in a tree, so nothing that is told can become a tag."""

from __future__ import annotations

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
    last = None
    for piece, is_value in parts(sentence):
        if is_value:
            last = add(child, "code", piece)
        elif last is None:
            child.text = (child.text or "") + piece
        else:
            last.tail = (last.tail or "") + piece
    return child
