"""No part of the tool imports, by whatever detour, a part that imports it: each file can be read on its own."""

import ast
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
    """Yield what is imported at the top or within functions, but not what only type annotations name."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING":
            continue
        if isinstance(one, ast.ImportFrom) and one.module:
            names = {f"{one.module}.{name.name}" for name in one.names}
            yield from names & MODULES.keys() or {one.module} & MODULES.keys()
        yield from imported(one)


def test_there_is_no_import_circle() -> None:
    graph = {name: set(imported(ast.parse(path.read_text(encoding="utf-8")))) for name, path in MODULES.items()}
    assert sum(map(len, graph.values())) > len(MODULES)
    # It raises CycleError, which names the circle.
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)
