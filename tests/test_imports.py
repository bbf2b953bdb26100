"""No part of the tool imports, by whatever detour, a part that imports it: each file can be read on its own."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("academy_ops", "checks")
    for path in (ROOT / package).rglob("*.py")
}


def imported(node: ast.AST) -> Iterator[str]:
    """Yield what is imported: at the top, within functions, or for type annotations only."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.ImportFrom) and one.module:
            names = {f"{one.module}.{name.name}" for name in one.names}
            yield from names & MODULES.keys() or {one.module} & MODULES.keys()
        yield from imported(one)


def test_there_is_no_import_circle() -> None:
    graph = {name: set(imported(ast.parse(path.read_text(encoding="utf-8")))) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > len(MODULES)
    # It raises CycleError, which names the circle.
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def test_what_the_operators_install_is_tested_with_needs_no_lab() -> None:
    ignored, listed = (
        set(re.findall(rf"^  {option}(tests/\S+)", (ROOT / ".ci/operator").read_text("utf-8"), re.MULTILINE))
        for option in ("--ignore ", "")
    )
    paths = [path for one in listed for path in ([ROOT / one] if one.endswith(".py") else (ROOT / one).rglob("*.py"))]
    assert len(paths) > len(listed) > 5
    takes_lab = {
        path.relative_to(ROOT).as_posix()
        for path in paths
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        and str(node.module).startswith(("academy_ops.lab", "academy_ops.academy", "tests.lab", "tests.terminal"))
    }
    assert takes_lab == ignored
