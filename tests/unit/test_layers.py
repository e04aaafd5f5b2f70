"""What may import what, where SQL and foreign names may stand, and which SQL works everywhere."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.support.folders import ROOT

PACKAGE = ROOT / "bridge"
MODULES = sorted(p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py"))

# What each layer may import of `bridge`; what stands here alone is a module of the root.
LEAVES = frozenset({"domain", "version"})
SERVICES = LEAVES | {"store", "woo", "webhooks", "services"}
ENTRY = SERVICES | {"config", "wiring"}
ALLOWED = {
    "domain": frozenset({"domain"}),
    "store": LEAVES | {"store"},
    "woo": LEAVES | {"woo"},
    "webhooks": LEAVES | {"webhooks"},
    "services": SERVICES,
    "config": LEAVES,
    "version": frozenset(),
    "wiring": SERVICES | {"config"},
    "checks": ENTRY - {"store"},
    "client": frozenset({"version", "client"}),  # it runs in other programs, too
    "web": (ENTRY | {"web", "checks"}) - {"store"},  # services read and write for it
    "jobs": ENTRY | {"jobs"},
    "cli": ENTRY | {"cli", "web", "jobs", "checks"},
    "__main__": frozenset({"cli"}),
    "__init__": frozenset(),
}
ROOMS = {
    # which subject of the services may use which; "" is what stands at their root
    "services": {
        "": frozenset[str](),
        "spending": frozenset({""}),
        "settings": frozenset({""}),
        "events": frozenset({""}),
        "accounts": frozenset({"", "spending"}),
        "orders": frozenset({"", "spending"}),
        "books": frozenset({"", "spending", "accounts"}),
        "bulk": frozenset({"", "spending", "accounts"}),
        "reports": frozenset({"", "accounts", "orders", "books"}),
        "setup": frozenset({""}),
    },
    # three surfaces on one ground, which do not know each other
    "web": {
        "": frozenset({"http", "api", "fragments", "screens"}),
        "http": frozenset[str](),
        "api": frozenset({"http"}),
        "fragments": frozenset({"http"}),
        "screens": frozenset({"http"}),
    },
}
CLOCKS = frozenset(
    {
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
        "time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter",
    }
)  # fmt: skip

SQL = re.compile(
    r"^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP|SET|START TRANSACTION|COMMIT)\s"
    r"|\bSELECT\b.*\bFROM\b|\bINSERT (IGNORE )?INTO\b|\bDELETE FROM\b|\bUPDATE \S+\s+SET\b",
    re.DOTALL,
)
HOLDS_SQL = ("store/",)

BEGINNINGS = frozenset({"transaction", "reading"})
"""The methods of `Database` that lend a connection."""
BEGIN_TRANSACTIONS = ("services/", "store/db.py", "store/migrate.py")
KNOW_THE_DATABASE = (*BEGIN_TRANSACTIONS, "wiring.py")

IN_ONE_WAY = {
    # what all of `web` does in one way, and the files that do it
    "jsonify": frozenset[str](),
    " Response(": frozenset({"web/http/sending.py", "web/api/health.py"}),
    "request.form": frozenset({"web/http/parsing.py", "web/api/hints.py"}),
}

PEER_NAME = re.compile(r"(?<![a-z0-9])_?aipkit_(?!bridge_)[a-z_]+")
KNOWS_PEER_NAMES = (
    "store/peer_plugin.py",
    "store/ledger.py",
    "domain/names.py",
    "store/migrations/",
)
OUR_OWN = frozenset({"aipkit_page", "aipkit_history", "aipkit_activity", "aipkit_activity_page"})
"""Names of ours that look alike: query arguments of the fragment's own links."""

FORBIDDEN_SQL = re.compile(
    r"\bRETURNING\b|\b(GET|RELEASE|IS_FREE|IS_USED)_LOCK\b|\bSKIP\s+LOCKED\b|\)\s*AS\s+new\b"
    r"|\bADD\s+(COLUMN|KEY|INDEX)\s+IF\b|\bVALUES\s+ROW\b|\bINTERSECT\b|\bEXCEPT\b|\bNEXTVAL\b"
    r"|\bCREATE\s+SEQUENCE\b",
    re.IGNORECASE,
)
ASKED_FIRST = ("store/tx.py", "RETURNING")
"""Used once, on servers that were found to have it."""
MANGLED = re.compile(r"_[A-Za-z0-9]+__[a-z]")
"""What Python makes of `self.__name` in a class."""
OWN_TABLE = re.compile(
    r"CREATE TABLE (?:IF NOT EXISTS )?(?P<name>\S+)\s*\((?P<body>.*?)\)\s*ENGINE=(?P<engine>\w+)",
    re.DOTALL | re.IGNORECASE,
)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text("utf-8"))


def layer_of(module: str) -> str:
    return module.split("/")[0].removesuffix(".py")


def imported(tree: ast.Module) -> Iterator[str]:
    """Every dotted name that a module imports, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which layer is meant"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text constant but the docstrings; of f-strings each constant part."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in docstrings:
            assert isinstance(node, ast.Constant)
            yield str(node.value)


def sql_sources() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        if module.startswith(HOLDS_SQL):
            yield from ((module, text) for text in texts(tree_of(module)))
    for path in sorted((PACKAGE / "store/migrations").glob("*.sql")):
        yield f"store/migrations/{path.name}", path.read_text("utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    layer = layer_of(module)
    names = [name.split(".") for name in imported(tree_of(module))]
    ours = {parts[1] for parts in names if parts[0] == "bridge" and len(parts) > 1}

    assert ours <= ALLOWED[layer]


def room_of(layer: str, parts: Sequence[str]) -> str:
    """Return the room of a layer that a dotted name or path leads into; "" is its root."""
    return parts[0] if parts and parts[0] in ROOMS[layer] else ""


@pytest.mark.parametrize("module", [m for m in MODULES if layer_of(m) in ROOMS])
def test_rooms_use_only_those_below_them(module: str) -> None:
    layer, *path = module.split("/")
    room = room_of(layer, path)
    names = [name.split(".") for name in imported(tree_of(module))]
    used = {room_of(layer, parts[2:]) for parts in names if parts[:2] == ["bridge", layer]}

    assert used - {room} <= ROOMS[layer][room]


def test_what_is_imported_is_declared_and_what_is_declared_is_used() -> None:
    declared = {
        re.split(r"[\[<>=]", text)[0].lower()
        for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    roots = {name.split(".")[0] for module in MODULES for name in imported(tree_of(module))}
    packages = packages_distributions()
    foreign = roots - {"bridge"} - sys.stdlib_module_names
    used = {packages[root][0].lower().replace("_", "-") for root in foreign}

    assert used == declared - {"tzdata"}  # zones, for systems that have none


@pytest.mark.parametrize("layer", ROOMS)
def test_every_folder_is_a_room(layer: str) -> None:
    folders = {path.parent.name for path in (PACKAGE / layer).glob("*/__init__.py")}

    assert folders == ROOMS[layer].keys() - {""}


@pytest.mark.parametrize("module", [m for m in MODULES if layer_of(m) == "domain"])
def test_the_domain_needs_only_the_standard_library(module: str) -> None:
    roots = {name.split(".")[0] for name in imported(tree_of(module))}

    assert roots - {"bridge"} <= sys.stdlib_module_names
    assert not roots & {"logging", "sqlite3", "socket", "urllib", "http", "os", "random"}


@pytest.mark.parametrize("module", [m for m in MODULES if layer_of(m) == "client"])
def test_the_client_needs_requests_and_nothing_else(module: str) -> None:
    roots = {name.split(".")[0] for name in imported(tree_of(module))}

    assert roots - sys.stdlib_module_names <= {"bridge", "requests"}


@pytest.mark.parametrize("module", MODULES)
def test_no_name_that_a_class_keeps_to_itself_is_used_outside(module: str) -> None:
    nodes = list(ast.walk(tree_of(module)))
    names = {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    names |= {n.name for n in nodes if isinstance(n, ast.FunctionDef)}

    assert {name for name in names if MANGLED.match(name)} == set()


@pytest.mark.parametrize("module", [m for m in MODULES if layer_of(m) == "domain"])
def test_the_domain_has_no_clock(module: str) -> None:
    calls = [ast.unparse(n.func) for n in ast.walk(tree_of(module)) if isinstance(n, ast.Call)]

    assert [call for call in calls if ".".join(call.split(".")[-2:]) in CLOCKS] == []


@pytest.mark.parametrize("module", [m for m in MODULES if m != "store/columns.py"])
def test_instants_lose_their_zone_only_on_their_way_into_a_column(module: str) -> None:
    stripped = [
        node.lineno
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.keyword)
        and node.arg == "tzinfo"
        and isinstance(node.value, ast.Constant)
    ]

    assert stripped == []


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith(HOLDS_SQL)])
def test_sql_stands_only_in_the_store(module: str) -> None:
    assert [text for text in texts(tree_of(module)) if SQL.search(text)] == []


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith(BEGIN_TRANSACTIONS)])
def test_transactions_are_opened_in_services_alone(module: str) -> None:
    used = {n.attr for n in ast.walk(tree_of(module)) if isinstance(n, ast.Attribute)}

    assert used & BEGINNINGS == set()


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith(KNOW_THE_DATABASE)])
def test_what_opens_no_transactions_asks_for_no_database(module: str) -> None:
    assert "bridge.store.db.Database" not in imported(tree_of(module))


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith(KNOWS_PEER_NAMES)])
def test_the_peers_names_stand_in_few_files(module: str) -> None:
    names = {name for text in texts(tree_of(module)) for name in PEER_NAME.findall(text)}

    assert names - OUR_OWN == set()


@pytest.mark.parametrize("words", IN_ONE_WAY)
def test_what_comes_and_goes_by_http_does_so_in_one_way(words: str) -> None:
    web = [module for module in MODULES if layer_of(module) == "web"]
    found = {module for module in web if words in (PACKAGE / module).read_text("utf-8")}

    assert found == IN_ONE_WAY[words]


def test_sql_works_on_every_supported_database() -> None:
    found = [(where, m[0]) for where, text in sql_sources() for m in FORBIDDEN_SQL.finditer(text)]

    assert found == [ASKED_FIRST]


def test_every_own_table_has_a_primary_key_and_transactions() -> None:
    tables = [(m, where) for where, text in sql_sources() for m in OWN_TABLE.finditer(text)
              if "aipkit_bridge_" in m["name"] and where.startswith("store/")]  # fmt: skip

    assert len(tables) >= 10
    for table, where in tables:
        assert "PRIMARY KEY" in table["body"], (where, table["name"])
        assert table["engine"] == "InnoDB", (where, table["name"])
