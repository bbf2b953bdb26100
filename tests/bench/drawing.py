"""The plot of the bench: bars, side by side for each delay."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

_WIDTH: Final = 760
_LEFT: Final = 260
_BAR: Final = 18
_COLOURS: Final = ("#4c8bf5", "#f2a33a", "#57ab5a", "#b083f0")


def bars(measured: Mapping[str, Mapping[str, float]]) -> str:
    """Draw every side's seconds as an SVG that reads on light and on dark.

    Args:
        measured: Seconds by side, by what was added to each answer.
    """
    longest = max(value for column in measured.values() for value in column.values())
    names = list(next(iter(measured.values())))
    group = _BAR * len(measured) + 14
    drawn = []
    for row, name in enumerate(names):
        top = 12 + row * group
        drawn.append(f'<text x="{_LEFT - 10}" y="{top + _BAR}" text-anchor="end">{escape(name)}</text>')
        for place, (title, column) in enumerate(measured.items()):
            width = (_WIDTH - _LEFT - 130) * column[name] / longest
            middle = top + place * _BAR
            colour = _COLOURS[place % len(_COLOURS)]
            label = f"{column[name]:.2f} s ({title.partition(',')[0]})"
            drawn.append(f'<rect x="{_LEFT}" y="{middle}" width="{width:.1f}" height="{_BAR - 4}" fill="{colour}"/>')
            drawn.append(f'<text x="{_LEFT + width + 6:.1f}" y="{middle + _BAR - 6}">{escape(label)}</text>')
    height = 20 + len(names) * group
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13" fill="#808890" role="img" aria-label="Seconds of each side">\n'
        + "\n".join(drawn)
        + "\n</svg>\n"
    )
