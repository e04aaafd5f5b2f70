"""
Count how the package is built: rooms, the imports between them, and what grew long.

`python tools/house_counts.py` counts this checkout, `… OTHER/bridge` another one. For the numbers
of functions that a polled order and a use enter, see `tests/services/test_functions_entered.py`.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LONG_MODULE = 200
LONG_FUNCTION = 40

Functions = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> None:
    """Print the counts of the package named on the command line, or of this checkout's."""
    here = Path(__file__).resolve().parent.parent / "bridge"
    package = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    trees = {
        path.relative_to(package): ast.parse(path.read_text("utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    modules = {path: tree for path, tree in trees.items() if path.name != "__init__.py"}
    _print_rooms(modules)
    _print_arrows(package, modules)
    _print_long(package, modules)


def _print_rooms(modules: dict[Path, ast.Module]) -> None:
    rooms = Counter(_room(path) for path in modules)
    print(f"{len(modules)} modules in {len(rooms)} rooms")
    for room, number in sorted(rooms.items()):
        print(f"{number:5}  {room}")


def _print_arrows(package: Path, modules: dict[Path, ast.Module]) -> None:
    arrows: Counter[tuple[str, str]] = Counter()
    inside = 0
    for path, tree in modules.items():
        for target in _imported(package, tree):
            if _room(path) == _room(target):
                inside += 1
            else:
                arrows[_room(path), _room(target)] += 1
    print(
        f"\n{inside + arrows.total()} imports of modules: {inside} inside a room, "
        f"{arrows.total()} along {len(arrows)} arrows between rooms"
    )
    for (source, target), number in sorted(arrows.items()):
        print(f"{number:5}  {source} -> {target}")


def _print_long(package: Path, modules: dict[Path, ast.Module]) -> None:
    lines = {path: len((package / path).read_text("utf-8").splitlines()) for path in modules}
    long_modules = {path: number for path, number in lines.items() if number > LONG_MODULE}
    functions = {
        f"{path}: {node.name}": length
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, Functions) and (length := _length(node)) > LONG_FUNCTION
    }
    print(f"\n{sum(lines.values())} lines")
    print(f"\n{len(long_modules)} modules over {LONG_MODULE} lines")
    for path, number in sorted(long_modules.items(), key=lambda item: -item[1]):
        print(f"{number:5}  {path}")
    print(f"\n{len(functions)} functions over {LONG_FUNCTION} lines")
    for name, number in sorted(functions.items(), key=lambda item: -item[1]):
        print(f"{number:5}  {name}")


def _room(path: Path) -> str:
    return path.parent.as_posix() if path.parent.name else "(root)"


def _length(node: Functions) -> int:
    """Return how many lines a function has, its decorators and docstring among them."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return (node.end_lineno or node.lineno) - first + 1


def _imported(package: Path, tree: ast.Module) -> Iterator[Path]:
    """Yield the package's own modules that a module imports, each once for each statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == package.name:
            base = Path(*(node.module or "").split(".")[1:])
            found = {
                path
                for alias in node.names
                if (path := _module(package, base / alias.name) or _module(package, base))
            }
            yield from sorted(found)


def _module(package: Path, path: Path) -> Path | None:
    file = path.with_suffix(".py")
    return file if (package / file).is_file() else None


if __name__ == "__main__":
    main()
