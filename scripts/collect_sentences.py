"""Collect the sentences of refusals into their catalogs: `python scripts/collect_sentences.py`.

Every text of the code that reads like a sentence, and is neither documentation nor already
translated by Django, is a template with ``{0}``, ``{1}`` … for its facts. New ones are added to
``locale/<language>/LC_MESSAGES/sentences.po`` without translation, those that are gone leave, and
the catalogs are compiled. ``pzhub.core.sentences`` tells how they are used.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib

ROOT = Path(__file__).parents[1]
PACKAGES = ROOT / "packages"
LOCALE = PACKAGES / "pzhub/src/pzhub/locale"
LANGUAGES = ("pt_BR", "es")
#: Not shown on the site: commands, settings, the API and its schema, what is read in logs only.
SKIPPED = {
    "migrations", "demo", "cli", "cli.py", "settings", "schema.py", "tus_schema.py", "management",
    "supervisor", "snippets.py", "training_snippets.py", "graphics.py", "drawing", "admin.py",
    "config.py", "wrapper.py", "metadata.py", "citation.py", "walls.py", "api", "command.py",
    "importing", "summary.py", "apart.py", "isolated_process.py",
}  # fmt: skip
#: Calls whose texts are translated, documented or written elsewhere.
OTHER_CALLS = {
    "_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy",
    "npgettext", "gettext_noop", "trans", "Index", "UniqueConstraint", "CheckConstraint",
    "info", "warning", "debug",
    "exception", "critical", "Option", "Argument", "extend_schema", "OpenApiParameter",
    "OpenApiExample", "OpenApiResponse", "compile", "execute", "RawSQL", "getLogger",
    "AssertionError", "ValueError", "TypeError", "RuntimeError", "KeyError", "AttributeError",
    "ImproperlyConfigured", "lazy_text",
}  # fmt: skip
OTHER_KEYWORDS = {"help", "help_text", "description", "summary", "epilog", "verbose_name", "doc"}
WORD = re.compile(r"(?<![\w./_-])[A-Za-z][a-z']+(?![\w/_(]|[.]\w)")
NAMED_FACT = re.compile(r"\{[a-z_]\w*(?:![rsa])?(?::[^{}]*)?\}")
NOT_PROSE = re.compile(
    r"\b(SELECT|FROM|CREATE|WHERE|INSERT|UPDATE|ORDER BY|CASE WHEN|AND|CAST)\b|</?[a-z]+|\{\{|://"
    r"|^\s*--|[{]\s*[%]|=\{?\d*\}?$|%s|%\(|default-src|QuerySet|read_parquet|^curl |^job\.|^pz "
    r"|^from \w+ import|^cone\(|^python -c|\(\.\+|=\(\)|img-src|scripts/"
)


def sentences() -> dict[str, list[str]]:
    """Return where each template is in the code, with the facts of its places."""
    found: dict[str, list[str]] = {}
    for package in ("pztables", "pzpipelines", "pzhub"):
        for path in sorted((PACKAGES / package / "src").rglob("*.py")):
            if SKIPPED.isdisjoint(path.parts):
                for template, facts in _of_node(ast.parse(path.read_text())):
                    place = path.relative_to(PACKAGES).as_posix()
                    found.setdefault(template, []).append(f"{place} {facts}".strip())
    return found


def _of_node(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.JoinedStr | ast.Constant):
        template, facts = _template(node)
        if _is_prose(template):
            yield template, facts
        return
    for child in _children(node):
        yield from _of_node(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what to look at below a node: no documentation, nothing that is told elsewhere."""
    if isinstance(node, ast.Call) and _called(node) in OTHER_CALLS:
        return
    if isinstance(node, ast.keyword) and node.arg in OTHER_KEYWORDS:
        return
    for child in ast.iter_child_nodes(node):
        is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not is_text:
            yield child


def _called(node: ast.Call) -> str:
    called = node.func
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def _template(node: ast.JoinedStr | ast.Constant) -> tuple[str, str]:
    if isinstance(node, ast.Constant):
        return (_numbered(node.value) if isinstance(node.value, str) else ""), ""
    text, facts = "", []
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            text += f"{{{len(facts)}}}"
            facts.append(f"{{{len(facts)}}}: {ast.unparse(part.value)}")
    return text, "; ".join(facts)


def _numbered(text: str) -> str:
    """Return a text for ``str.format`` with numbers in place of its names."""
    numbers = iter(range(100))
    return NAMED_FACT.sub(lambda place: f"{{{next(numbers)}}}", text)


def _is_prose(template: str) -> bool:
    """Whether people are meant to read it: some plain words with spaces between them."""
    plain = re.sub(r"\{\d+\}", " ", template)
    return (
        "\n" not in template
        and len(WORD.findall(plain)) >= 3
        and plain.strip().count(" ") >= 2
        and not NOT_PROSE.search(template)
    )


def write_catalog(language: str, found: dict[str, list[str]]) -> int:
    """Bring a language's catalog up to date; return how many sentences lack a translation."""
    path = LOCALE / language / "LC_MESSAGES/sentences.po"
    known = (
        {entry.msgid: entry.msgstr for entry in polib.pofile(str(path))} if path.exists() else {}
    )
    catalog = polib.POFile(wrapwidth=98)
    catalog.metadata = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Language": language,
    }
    for template in sorted(found):
        comment = "\n".join(dict.fromkeys(found[template]))
        catalog.append(
            polib.POEntry(msgid=template, msgstr=known.get(template, ""), comment=comment)
        )
    catalog.save(str(path))
    catalog.save_as_mofile(str(path.with_suffix(".mo")))
    return len(catalog.untranslated_entries())


def main() -> None:
    """Write the catalogs of all languages."""
    found = sentences()
    for language in LANGUAGES:
        missing = write_catalog(language, found)
        print(f"{language}: {len(found)} sentences, {missing} without translation")


if __name__ == "__main__":
    main()
