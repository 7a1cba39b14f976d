"""What is written down is true: settings, decisions, changelog fragments, the first screen."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pzhub.config import HubConfig

ROOT = Path(__file__).parents[2]


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    missing = [name for name in HubConfig.model_fields if f"`PZHUB_{name.upper()}`" not in page]
    assert missing == []


def test_every_setting_says_in_a_sentence_what_it_does() -> None:
    silent = [name for name, field in HubConfig.model_fields.items() if not field.description]
    assert silent == []


def test_every_decision_says_why() -> None:
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert records
    for record in records:
        headings = set(re.findall(r"^## (.+)$", record.read_text(), flags=re.MULTILINE))
        assert {"Decision", "Why"} <= headings, record.name


def test_the_readme_names_the_two_commands_and_shows_a_picture() -> None:
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "make run" in screen
    assert "make test" in screen
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", screen)
    assert (ROOT / picture).is_file()


def test_the_readme_leads_to_every_how_to() -> None:
    text = (ROOT / "README.md").read_text()
    pages = [page.name for page in (ROOT / "docs/how-to").glob("*.md")]
    assert [name for name in pages if f"(docs/how-to/{name})" not in text] == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not target.startswith("mailto:")
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_changelog_fragments_have_a_known_heading() -> None:
    known = {"Added", "Changed", "Fixed", "Removed", "Security", "Deprecated"}
    for fragment in ROOT.glob("changelog.d/*.md"):
        headings = re.findall(r"^### (.+)$", fragment.read_text(), flags=re.MULTILINE)
        assert headings, fragment.name
        assert set(headings) <= known, fragment.name


def test_the_reference_pages_are_what_the_code_says() -> None:
    program = [sys.executable, str(ROOT / "scripts/build_reference.py"), "--check"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
