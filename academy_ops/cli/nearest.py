"""What a mistyped word was meant to be."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from academy_ops.messages import Text, say


def nearest(word: str, names: Collection[str], most: int = 3) -> list[str]:
    """Return what ``word`` may have been meant to be.

    Args:
        word: What was typed.
        names: What could have been.
        most: How many to return at most.

    Returns:
        Those that it begins like, else those that look like it, the best first.
    """
    begun = [name for name in names if len(word.strip("-")) > 1 and name.startswith(word)]
    return (begun or difflib.get_close_matches(word, names, n=most))[:most]


def did_you_mean(problem: Text, word: str, names: Collection[str]) -> Text:
    """Return ``problem`` followed by what ``word`` was meant to be, else by all that there is.

    Args:
        problem: What is wrong, as a whole sentence.
        word: What was typed.
        names: What could have been.
    """
    near = nearest(word, names)
    if near:
        return say("{problem} Did you mean {near}?", problem=problem, near=", ".join(near))
    return say("{problem} There is: {names}.", problem=problem, names=", ".join(names))
