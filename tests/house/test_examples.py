"""Examples in the documents are run, not believed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pzpipelines.combine.rules import load_rules

ROOT = Path(__file__).parents[2]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )


def test_the_rule_file_of_the_guide_is_one(tmp_path: Path) -> None:
    (example,) = blocks("docs/how-to/write-flag-rules.md", "yaml")
    path = tmp_path / "rules.yaml"
    path.write_text(example)
    rules = load_rules(path)
    assert set(rules.surveys) == {"MY SURVEY", "OTHER SURVEY"}


@pytest.mark.parametrize(
    "page", ["README.md", "docs/tutorials/first-combination.md", "docs/how-to/see-the-data.md"]
)
def test_python_examples_are_python(page: str) -> None:
    for example in blocks(page, "python"):
        compile(example, page, "exec")
