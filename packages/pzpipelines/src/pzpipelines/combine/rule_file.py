"""Reading a users' YAML file without following it: small, flat, no aliases, no tags."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from pztables.errors import UserError

MAX_BYTES: Final = 1_000_000
_MAX_DEPTH: Final = 12
_MAX_ENTRIES: Final = 50_000
_MAX_SCALAR: Final = 20_000

# libyaml where PyYAML was built with it: ten times faster, same events.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class RuleFileError(UserError):
    """The rule file cannot be used; says where and why."""

    code = "invalid_rule_file"


class RuleFileMissingError(RuleFileError):
    """There is no rule file of that name."""

    code = "rule_file_missing"


class RuleFileTooLargeError(RuleFileError):
    """The rule file has more bytes than any set of rules needs."""

    code = "rule_file_too_large"


def read_rule_text(path: Path) -> str:
    """Return the text of a rule file.

    Raises
    ------
    RuleFileError
        If it is missing, unreadable, over 1 MB or not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise RuleFileMissingError(
            f"{path.name}: no such rule file; upload it or leave the option empty "
            "for the default rules",
            file=path.name,
        ) from None
    except OSError as error:
        raise RuleFileError(
            f"{path.name}: cannot be read ({error.strerror})", file=path.name
        ) from error
    if len(content) > MAX_BYTES:
        raise RuleFileTooLargeError(
            f"{path.name}: a rule file may have at most {MAX_BYTES} bytes", file=path.name
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RuleFileError(
            f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8 text",
            file=path.name,
        ) from None


def load_yaml(text: str, *, name: str) -> dict[Any, Any]:
    """Parse the YAML of a rule file into plain mappings, lists and scalars.

    Parameters
    ----------
    text
        The file's content.
    name
        The file's name, for messages.

    Raises
    ------
    RuleFileError
        If it is not YAML, not one mapping, nested too deep, uses anchors,
        aliases or tags, or gives a key twice; the message names the line.
    """
    try:
        _check_events(text, name)
        content = yaml.load(text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        where = f", line {line}" if line else ""
        raise RuleFileError(f"{name}{where}: {error.problem}", file=name, line=line) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise RuleFileError(f"{name}: not YAML ({error})", file=name) from None
    if not isinstance(content, dict):
        raise RuleFileError(
            f"{name}: expected 'key: value' lines such as 'translation_rules:'", file=name
        )
    return content


def _check_events(text: str, name: str) -> None:
    """Refuse what could make a small file large, before anything is built from it."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_SafeLoader)):
        reason = ""
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            reason = "anchors (&) and aliases (*) are not allowed; write the block out"
        elif getattr(event, "tag", None) not in (None, "!"):
            reason = "tags (!) are not allowed"
        elif depth > _MAX_DEPTH:
            reason = f"nested more than {_MAX_DEPTH} deep"
        elif isinstance(event, yaml.ScalarEvent) and len(event.value) > _MAX_SCALAR:
            # Also because YAML reads 1:1:1:… as one number, in quadratic time.
            reason = f"a value of more than {_MAX_SCALAR} characters"
        elif count > _MAX_ENTRIES:
            reason = f"more than {_MAX_ENTRIES} entries"
        if reason:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise RuleFileError(f"{name}, line {line}: {reason}", file=name, line=line)


class _PlainLoader(_SafeLoader):  # type: ignore[misc]  # the base is chosen at run time
    """The safe loader, which also refuses a key that is given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                problem = "merge keys (<<) are not allowed; write the block out"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                problem = f"{key!r} is given twice; keep one of them"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found
