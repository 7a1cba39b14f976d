"""Write the reference pages from the code: commands, Python library, REST routes, error codes.

python scripts/build_reference.py           writes docs/reference/*.md
python scripts/build_reference.py --check   says which pages have drifted, and exits 1
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import typer
import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
GENERATED = "<!-- Written by scripts/build_reference.py: change the code, then `make docs`. -->"

COMMANDS = {
    "pz": "pzserver.cli:app",
    "pzhub": "pzhub.cli:app",
    "pzpipelines": "pzpipelines.cli:app",
}
CLASSES = (
    "pzserver.client:PzServer",
    "pzserver.uploads:PzUpload",
    "pzserver.products:PzProduct",
    "pzserver.pipelines:Pipeline",
    "pzserver.processes:Process",
    "pzserver.processes:CRCProcess",
    "pzserver.processes:TSMProcess",
    "pzserver.models:Catalog",
    "pzserver.models:SpeczCatalog",
    "pzserver.models:TrainingSet",
    "pzserver.cache:Cache",
)


def load(address: str) -> Any:
    """Return the object at ``module:name``."""
    module, name = address.split(":")
    return getattr(importlib.import_module(module), name)


# ── commands ────────────────────────────────────────────────────────────────
def commands_page() -> str:
    """Return the page of all command lines."""
    lines = ["# Command lines", "", GENERATED, ""]
    for name, address in COMMANDS.items():
        command = typer.main.get_command(load(address))
        lines += command_section(command, name, level=2)
    return "\n".join(lines)


def command_section(command: Any, path: str, level: int) -> list[str]:
    """Return the section of a command and of those below it."""
    context = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"{'#' * level} `{path}`", "", inspect.cleandoc(command.help or ""), ""]
    shown_examples = examples_of(command)
    lines += ["```", f"{path} {usage}".strip(), "```", ""]
    options = [parameter for parameter in command.params if shown(parameter)]
    if options:
        lines += ["| Option | Meaning |", "|---|---|"]
        lines += [option_row(parameter, context) for parameter in options] + [""]
    if shown_examples:
        lines += ["```sh", *shown_examples, "```", ""]
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if not child.hidden:
            lines += command_section(child, f"{path} {name}", min(level + 1, 4))
    return lines


def examples_of(command: Any) -> list[str]:
    """Return the examples that the help of a command ends with."""
    _, _, text = (command.epilog or "").partition("Examples:\n")
    return [line.strip() for line in text.splitlines() if line.strip()]


def shown(parameter: Any) -> bool:
    """Whether a parameter belongs in the page: not completion, not help, not hidden."""
    return parameter.name not in ("install_completion", "show_completion", "help") and not getattr(
        parameter, "hidden", False
    )


def option_row(parameter: Any, context: Any) -> str:
    """Return the row of an argument or option."""
    if parameter.param_type_name == "argument":
        name = f"`{parameter.name.upper()}`"
    else:
        name = ", ".join(f"`{item}`" for item in (*parameter.opts, *parameter.secondary_opts))
    text = (getattr(parameter, "help", "") or "").replace("|", "\\|")
    default = parameter.get_default(context)
    plain = isinstance(default, (str, int, float)) and not isinstance(default, bool)
    if plain and default != "":
        text += f" Default: `{default}`."
    return f"| {name} | {text.strip()} |"


# ── Python ──────────────────────────────────────────────────────────────────
def python_page() -> str:
    """Return the page of the Python library."""
    lines = [
        "# Python library",
        "",
        GENERATED,
        "",
        "```python",
        "from pzserver import PzServer",
        "```",
        "",
    ]
    for address in CLASSES:
        lines += class_section(load(address))
    lines += [
        "## Errors",
        "",
        "All derive from `PzServerError`, which keeps `code`, `status` and `fields`.",
        "",
    ]
    lines += ["| Class | Meaning |", "|---|---|"]
    errors = importlib.import_module("pzserver.errors")
    for name, item in vars(errors).items():
        if inspect.isclass(item) and issubclass(item, Exception):
            lines.append(f"| `{name}` | {first_line(item)} |")
    return "\n".join([*lines, ""])


def parts_of(item: type) -> list[type]:
    """Return a class after those private ones that hold a part of it."""
    return [*(base for base in item.__bases__ if base.__name__.startswith("_")), item]


def class_section(item: type) -> list[str]:
    """Return the section of a class: what it is, its own public methods and properties."""
    lines = [f"## `{item.__name__}`", "", *as_markdown(item), ""]
    for name, member in [pair for part in parts_of(item) for pair in vars(part).items()]:
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            lines += [f"### `{item.__name__}.{name}`", "", *as_markdown(member), ""]
        elif inspect.isfunction(member):
            signature = re.sub(r"^\(self(, )?", "(", str(inspect.signature(member)))
            signature = re.sub(r"pzserver\.\w+\.", "", signature).replace("'", "")
            lines += [
                f"### `{item.__name__}.{name}`",
                "",
                "```python",
                f"{name}{signature}",
                "```",
                "",
            ]
            lines += [*as_markdown(member), ""]
    return lines


def first_line(item: Any) -> str:
    """Return the summary of a docstring."""
    return (inspect.getdoc(item) or "").split("\n\n", maxsplit=1)[0].replace("\n", " ")


def as_markdown(item: Any) -> list[str]:
    """Return a numpydoc docstring as Markdown: sections bold, entries as a list."""
    lines: list[str] = []
    text = (inspect.getdoc(item) or "").splitlines()
    section = ""
    for number, line in enumerate(text):
        following = text[number + 1] if number + 1 < len(text) else ""
        if section == "Examples" and line and set(line) != {"-"}:
            lines += code_line(line, lines)
            continue
        if section == "Examples" and lines[-1] not in ("", "```"):
            lines.append("```")
        if following and set(following) == {"-"}:
            section = line
            lines += [f"**{line}**", ""]
        elif line and set(line) == {"-"}:
            continue
        elif (
            section in ("Parameters", "Attributes", "Raises") and line and not line.startswith(" ")
        ):
            lines.append(f"- `{line}`:")
        else:
            lines.append(line.replace("``", "`"))
    return [*lines, "```"] if section == "Examples" else lines


def code_line(line: str, before: list[str]) -> list[str]:
    """Return a line of an example, with the beginning of its block when it is the first."""
    return [line] if before[-1] else ["```pycon", line]


# ── REST ────────────────────────────────────────────────────────────────────
def rest_page() -> str:
    """Return the page of the REST routes, from the schema that the server publishes."""
    schema = rest_schema()
    lines = ["# REST API", "", GENERATED, "", schema["info"].get("description", ""), ""]
    lines += [
        "Send `Authorization: Token …` (or `Bearer …`, or HTTP Basic as user `x-oauth-basic`).",
        'Every error has one shape: `{"error": "<sentence>", "code": "<slug>", "fields": {…}}`.',
        "The whole schema is served at `/api/schema/`.",
        "",
    ]
    examples = rest_examples()
    for path, methods in sorted(schema["paths"].items()):
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                lines += operation_section(path, method, operation)
                for example in examples.pop(f"{method.upper()} {path}", ()):
                    lines += rest_example(example)
    if examples:
        raise SystemExit(f"docs/reference/examples.yaml: no such routes: {sorted(examples)}")
    return "\n".join(lines)


def rest_examples() -> dict[str, list[dict[str, Any]]]:
    """Return the examples of REST calls by route; a test runs every one of them."""
    found: dict[str, list[dict[str, Any]]] = {}
    for example in yaml.safe_load((FOLDER / "examples.yaml").read_text()):
        found.setdefault(example["route"], []).append(example)
    return found


def rest_example(example: dict[str, Any]) -> list[str]:
    """Return an example as what one types and what comes back, shortened."""
    lines = ["```sh", curl_of(example), "```", ""]
    if "answer" in example:
        lines += ["```json", json.dumps(example["answer"], indent=2, ensure_ascii=False), "```", ""]
    return lines


def curl_of(example: dict[str, Any]) -> str:
    """Return the command that makes a call, for the demo server and a token in ``$TOKEN``."""
    method = example["route"].split()[0]
    parts = ["curl", '-H "Authorization: Token $TOKEN"']
    if method != "GET":
        parts.append(f"-X {method}")
    if "json" in example:
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d '{json.dumps(example['json'], ensure_ascii=False)}'")
    return " ".join([*parts, f"'http://127.0.0.1:8000{example['call']}'"])


def rest_schema() -> dict[str, Any]:
    """Return the OpenAPI schema of the server."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pzhub.settings.testing")
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operation_section(path: str, method: str, operation: dict[str, Any]) -> list[str]:
    """Return the section of one route and method."""
    lines = [f"## `{method.upper()} {path}`", "", operation.get("description", "").strip(), ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| Parameter | In | Meaning |", "|---|---|---|"]
        for item in parameters:
            text = item.get("description", "").replace("\n", " ").replace("|", "\\|")
            lines.append(f"| `{item['name']}` | {item['in']} | {text} |")
        lines.append("")
    answers = ", ".join(
        f"{status} {answer_name(item)}".strip() for status, item in operation["responses"].items()
    )
    return [*lines, f"Answers: {answers}.", ""]


def answer_name(answer: dict[str, Any]) -> str:
    """Return the name of what an answer holds, when it has one."""
    for content in answer.get("content", {}).values():
        reference = content.get("schema", {}).get("$ref", "")
        if reference:
            return f"`{reference.rsplit('/', 1)[-1]}`"
    return ""


# ── pipelines ───────────────────────────────────────────────────────────────
def pipelines_page() -> str:
    """Return the page of the pipelines and their parameters."""
    from pzpipelines.registry import PIPELINES

    lines = ["# Pipelines", "", GENERATED, ""]
    for spec in PIPELINES.values():
        accepted = ", ".join(spec.product_types_accepted)
        lines += [f"## {spec.display_name}", "", spec.description, ""]
        lines += [f"Name `{spec.name}`, version {spec.version}.", ""]
        lines += [f"Takes {accepted}; makes {spec.output_product_type}.", ""]
        lines += ["| Parameter | Default | Values | Meaning |", "|---|---|---|---|"]
        schema = spec.parameters.model_json_schema()
        lines += [*parameter_rows(schema["properties"], schema.get("$defs", {})), ""]
    return "\n".join(lines)


def parameter_rows(
    properties: dict[str, Any], definitions: dict[str, Any], outer: str = ""
) -> Iterator[str]:
    """Yield a row for each parameter, those of a nested map under ``map.parameter``."""
    for name, item in properties.items():
        if "$ref" in item:
            inner = definitions[item["$ref"].rsplit("/", 1)[-1]]["properties"]
            yield from parameter_rows(inner, definitions, f"{name}.")
        else:
            yield parameter_row(f"{outer}{name}", item)


def parameter_row(name: str, item: dict[str, Any]) -> str:
    """Return the row of one parameter, from its JSON schema."""
    default = item.get("default")
    shown_default = "empty" if default in (None, [], {}, "") else f"`{json.dumps(default)}`"
    kinds = [item, *item.get("anyOf", [])]
    words = [f"`{word}`" for kind in kinds for word in kind.get("enum", [])]
    types = [str(kind["type"]) for kind in kinds if kind.get("type") not in (None, "null")]
    values = ", ".join(words or types)
    return f"| `{name}` | {shown_default} | {values} | {item.get('description', '')} |"


# ── error codes ─────────────────────────────────────────────────────────────
def codes_page() -> str:
    """Return the page of every error code, from the classes that carry them."""
    rows = sorted({(code, summary) for code, summary in error_codes()})
    lines = ["# Error codes", "", GENERATED, "", "| Code | Meaning |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{code}` | {summary} |" for code, summary in rows), ""])


def error_codes() -> Iterator[tuple[str, str]]:
    """Yield the code and the summary of every refusal of tables, pipelines and server."""
    rest_schema()
    from pztables.errors import UserError

    for package in ("pztables", "pzpipelines", "pzhub"):
        import_all(package)
    waiting: list[type[UserError]] = [UserError]
    while waiting:
        item = waiting.pop()
        waiting.extend(item.__subclasses__())
        yield item.code, first_line(item)


def import_all(package: str) -> None:
    """Import every module of a package, so that its classes are known."""
    source = Path(importlib.import_module(package).__file__ or "").parent
    for path in sorted(source.rglob("*.py")):
        if "migrations" in path.parts or path.name == "__main__.py" or "settings" in path.parts:
            continue
        relative = path.relative_to(source.parent).with_suffix("")
        name = ".".join(relative.parts).removesuffix(".__init__")
        if not name.startswith("pzhub.wsgi"):
            importlib.import_module(name)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "python.md": python_page,
    "pipelines.md": pipelines_page,
    "rest.md": rest_page,
    "error-codes.md": codes_page,
}


def main() -> int:
    """Write the pages, or check that they are what they would be."""
    drifted = []
    for name, build in PAGES.items():
        text = re.sub(r"\n{3,}", "\n\n", build()).rstrip() + "\n"
        path = FOLDER / name
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            drifted.append(name)
    if drifted:
        print(f"Drifted from the code: {', '.join(drifted)}. Run `make docs`.")
    return 1 if drifted else 0


if __name__ == "__main__":
    sys.exit(main())
