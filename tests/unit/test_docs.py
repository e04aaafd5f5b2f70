"""The documents say what the code does: keys, codes, numbers, commands, routes, links."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bridge.checks import _CHECKS
from bridge.cli.main import cli
from bridge.config import PREFIX, ApiKey, Settings, Webhook
from bridge.domain.findings import FindingKind
from bridge.domain.packages import Problem
from bridge.domain.verdicts import Reason
from bridge.version import VERSION
from bridge.web.http.statuses import STATUS
from bridge.woo.errors import ShopFault
from tests.support.folders import DOCS, PLUGIN, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
PAGE_NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]

KEY_ROW = re.compile(
    r"^\| `(?P<key>[a-z_]+(?:\[\])?\.[a-z0-9_.\[\]]+)` \| (?P<default>.*?) \| "
    r"(?P<variable>.*?) \| (?=\S)",
    re.MULTILINE,
)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
SECRET_PLACEHOLDERS = {"database.url", "woocommerce.consumer_key", "woocommerce.consumer_secret"}


def read(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def configuration_keys() -> Iterator[tuple[str, FieldInfo]]:
    """Every key with its field, `security.api_keys[].name` and the like among them."""
    for section, field in Settings.model_fields.items():
        if section == "webhooks":
            continue
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key, inner in model.model_fields.items():
            yield f"{section}.{key}", inner
    tables: dict[str, type[BaseModel]] = {"security.api_keys": ApiKey, "webhooks": Webhook}
    for table, each in tables.items():
        for key, inner in each.model_fields.items():
            yield f"{table}[].{key}", inner


KEYS = dict(configuration_keys())


def default_as_toml(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if key == "grants.since":
        return "first `migrate`"
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return f"`{json.dumps(value)}`"  # TOML and JSON write these values the same way


def codes_of_rows(page: str, heading: str) -> set[str]:
    """The code in the first cell of each table row below a heading, to the next of its level."""
    level = "#" * (len(heading) - len(heading.lstrip("#")))
    text = read(page)
    start = text.index(f"\n{heading}\n")
    end = re.search(rf"^{level} ", text[start + len(heading) + 2 :], re.MULTILINE)
    part = text[start : start + len(heading) + 2 + end.start()] if end else text[start:]
    return set(re.findall(r"^\| `([a-z_…]+)` \|", part, re.MULTILINE))


def literals(folder: str, pattern: str) -> set[str]:
    return {
        name
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(pattern, path.read_text("utf-8"))
    }


def test_every_configuration_key_is_documented_with_its_default() -> None:
    rows = {m["key"]: m["default"] for m in KEY_ROW.finditer(read("docs/configuration.md"))}

    assert rows == {key: default_as_toml(key, field) for key, field in KEYS.items()}


def test_every_configuration_key_is_documented_with_its_variable() -> None:
    rows = {m["key"]: m["variable"] for m in KEY_ROW.finditer(read("docs/configuration.md"))}

    for key, variable in rows.items():
        expected = "–" if "[]" in key else f"`{PREFIX}{key.upper().replace('.', '__')}`"
        assert variable == expected


def test_the_example_file_holds_every_key_once() -> None:
    text = read("config.example.toml")
    found: list[str] = []
    section = ""
    for line in text.splitlines():
        header = re.fullmatch(r"(?:# )?(\[\[?)([a-z_.]+)\]\]?", line)
        key = re.match(r"(?:# )?([a-z0-9_]+) = ", line)
        if header:
            section = header[2] + ("[]" if header[1] == "[[" else "")
        elif key:
            found.append(f"{section}.{key[1]}")

    assert sorted(found) == sorted(set(KEYS) - {"security.api_keys"})


def test_the_example_file_shows_the_defaults() -> None:
    example: dict[str, dict[str, Any]] = tomllib.loads(read("config.example.toml"))
    shown = {f"{section}.{key}": v for section, keys in example.items() for key, v in keys.items()}

    Settings.model_validate(example)
    for key, value in shown.items():
        field = KEYS[key]
        if not field.is_required():
            assert f"`{json.dumps(value)}`" == default_as_toml(key, field), key


def test_every_error_code_is_documented_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", read("docs/errors.md"), re.MULTILINE)

    assert {code: int(status) for code, status in rows} == STATUS


def test_every_check_of_doctor_is_documented() -> None:
    numbers = re.findall(r"^\| (B\d{3}) \|", read("docs/errors.md"), re.MULTILINE)

    assert numbers == [number for number, _ in _CHECKS]


def test_every_reason_code_has_a_cure() -> None:
    documented = codes_of_rows("docs/operate.md", "## Orders that need you")

    assert documented == {*map(str, Reason), *map(str, Problem)} - {""}


def test_every_fault_of_the_shop_has_a_cure() -> None:
    assert codes_of_rows("docs/operate.md", "## The shop cannot be read") == set(ShopFault)


def test_every_warning_of_the_status_page_has_a_cure() -> None:
    codes = literals("bridge/services", r'StatusWarning\(\s*f?"([a-z_]+)')

    assert codes >= {"no_worker", "shop_"}
    documented = codes_of_rows("docs/operate.md", "## The status page")
    assert {code.rstrip("…") for code in documented} == codes


def test_every_kind_of_finding_has_a_cure() -> None:
    assert codes_of_rows("docs/operate.md", "## Findings") == set(map(str, FindingKind))


def test_every_command_is_documented_and_has_help() -> None:
    context = click.Context(cli)
    documented = re.findall(
        r"^\| `aipkit-bridge ([a-z-]+)` \|", read("docs/operate.md"), re.MULTILINE
    )

    assert sorted(documented) == sorted(cli.list_commands(context))
    for name in documented:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help


def test_every_job_of_the_worker_is_documented() -> None:
    tree = ast.parse(read("bridge/jobs/scheduler.py"))
    jobs = {
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Job"
        and isinstance(node.args[0], ast.Constant)
    }

    assert len(jobs) >= 10
    assert codes_of_rows("docs/architecture.md", "## Layers") >= jobs


def routes() -> Iterator[str]:
    """Every `METHOD /path` of the service, with `{…}` for what varies."""
    for path in sorted((ROOT / "bridge/web").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        prefixes = [
            str(keyword.value.value)
            for call in calls
            for keyword in call.keywords
            if keyword.arg == "url_prefix" and isinstance(keyword.value, ast.Constant)
        ]
        for call in calls:
            name = ast.unparse(call.func)
            if name in ("bp.get", "bp.post") and isinstance(call.args[0], ast.Constant):
                rule = "".join(prefixes) + str(call.args[0].value)
                varies = re.sub(r"<(?:\w+:)?(\w+?)(?:_id)?>", r"{\1}", rule)
                yield f"{name.removeprefix('bp.').upper()} {varies}"


def test_every_route_is_documented() -> None:
    text = read("docs/http-api.md")
    found = set(routes())

    assert len(found) >= 10
    assert {route for route in found if f"`{route}" not in text} == set()


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", read("CHANGELOG.md"), re.M)

    assert newest is not None
    assert newest[1] == VERSION


def test_the_plugin_has_this_version() -> None:
    header = (PLUGIN / "aipkit-bridge.php").read_text("utf-8")
    readme = (PLUGIN / "readme.txt").read_text("utf-8")

    assert f" * Version:           {VERSION}\n" in header
    assert f"const VERSION     = '{VERSION}';" in header
    assert f"Stable tag: {VERSION}\n" in readme


@pytest.mark.parametrize("page", PAGE_NAMES)
def test_links_lead_somewhere(page: str) -> None:
    for link in LINK.finditer(read(page)):
        target = (ROOT / page).parent / link["path"] if link["path"] else ROOT / page
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors(target.read_text("utf-8")), link[0]


def anchors(text: str) -> set[str]:
    """The anchors that a Markdown page's headings get."""
    headings = re.findall(r"^#{1,4} (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_page_can_be_found_from_the_index() -> None:
    linked = {(DOCS / m["path"]).resolve() for m in LINK.finditer(read("docs/index.md"))}

    assert {page for page in PAGES if page.parent != ROOT} - {DOCS / "index.md"} <= linked


def test_decisions_are_numbered_without_a_gap() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))

    for number, page in enumerate(pages, 1):
        text = page.read_text("utf-8")
        assert page.name.startswith(f"{number:03}-")
        assert text.startswith(f"# {number:03}. ")
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Cost")), page.name


@pytest.mark.parametrize("page", [p for p in PAGE_NAMES if p != "docs/roadmap.md"])
def test_make_targets_in_documents_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    code = re.findall(r"`make ([a-z-]+)[ `]|^make ([a-z-]+)", read(page), re.MULTILINE)

    assert {one or other for one, other in code} <= targets


def test_secrets_in_documents_are_placeholders() -> None:
    example = tomllib.loads(read("config.example.toml"))
    for key in SECRET_PLACEHOLDERS:
        section, _, name = key.partition(".")
        assert re.search(r"0{20}|user:password", example[section][name]), key
