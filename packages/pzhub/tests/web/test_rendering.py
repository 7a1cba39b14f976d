from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzhub.web.rendering import format_bytes, render_markdown


def test_markdown_has_tables_links_and_code() -> None:
    html = render_markdown("| a | b |\n|---:|---|\n| 1 | `x` |\n\nsee https://example.org")

    assert '<table class="tbl">' in html
    assert '<th scope="col" align="right">a</th>' in html or (
        '<th align="right" scope="col">a</th>' in html
    )
    assert "<code>x</code>" in html
    assert 'href="https://example.org"' in html


def test_links_of_users_open_in_a_new_tab_without_handing_over_the_page() -> None:
    html = render_markdown("[paper](https://example.org/p)")

    assert 'target="_blank"' in html
    assert 'rel="noopener noreferrer"' in html


def test_headings_of_users_stay_below_those_of_the_page() -> None:
    assert render_markdown("# One\n\n## Two\n\n###### Six") == (
        "<h4>One</h4>\n<h5>Two</h5>\n<h6>Six</h6>\n"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '<a href="x" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<iframe src='https://example.org'></iframe>",
    ],
)
def test_html_of_users_is_text(hostile: str) -> None:
    html = render_markdown(hostile)

    assert not re.search(
        r"<(script|img|style|iframe)|<a[^>]* on\w+=|href=.(javascript|data):", html
    )


def test_pictures_from_elsewhere_become_links() -> None:
    html = render_markdown("![plot](https://example.org/p.png)")

    assert "<img" not in html
    assert 'href="https://example.org/p.png"' in html


@given(st.text(max_size=200))
def test_no_text_becomes_an_element_that_loads_runs_or_sends(text: str) -> None:
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", render_markdown(text)))

    assert not tags & {"script", "style", "iframe", "img", "form", "input", "object", "svg", "h1"}


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, (0.0, "B")),
        (999, (999.0, "B")),
        (1000, (1.0, "kB")),
        (51_400_000, (51.4, "MB")),
        (200_000_000, (200.0, "MB")),
        (3_200_000_000_000, (3.2, "TB")),
    ],
)
def test_sizes_are_decimal(size: int, written: tuple[float, str]) -> None:
    assert format_bytes(size) == written
