"""Draw the pictures of docs/explanation/deduplication.md with the pipeline's own kernels.

    python scripts/draw_deduplication.py

Positions are made up so that each case occurs once; pairs, groups and verdicts are computed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pzpipelines.arrays import BoolArray, FloatArray, IntArray
from pzpipelines.combine.duplicates import LOST_IN_COLLAPSE, Evidence, TieResult
from pzpipelines.combine.verdicts import reach_verdicts
from pzpipelines.sky.pairs import pairs_within

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
RADIUS_ARCSEC = 0.5
PX_PER_ARCSEC = 130
INK, FAINT, ACCENT = "#121b29", "#5d6b80", "#1a57a8"
FILL = {
    TieResult.WINNER: "#08694f",
    TieResult.LOSER: "#c3ccd8",
    TieResult.UNRESOLVED: "#d29a1c",
    TieResult.STAR: "#b8470f",
}
WORDS = {
    TieResult.WINNER: "1 winner or alone",
    TieResult.LOSER: "0 loser",
    TieResult.UNRESOLVED: "2 unresolved tie",
    TieResult.STAR: "3 star",
}

#: label, offset on the sky in arcsec (x, y), flag, type score, z
ROWS = (
    ("A1", (0.45, 0.75), 4, 3, 0.5210),
    ("B1", (0.75, 0.60), 3, 3, 0.5209),
    ("A2", (2.05, 0.55), 4, 3, 0.8800),
    ("B2", (2.40, 0.80), 4, 3, 1.4310),
    ("A3", (3.70, 0.45), 3, 2, 0.3005),
    ("B3", (4.10, 0.62), 3, 3, 0.3001),
    ("C3", (4.52, 0.75), 3, 3, 0.3003),
    ("A4", (0.60, 2.00), 6, 3, 0.0000),
    ("B4", (0.90, 2.10), 4, 3, 0.7420),
    ("A5", (2.30, 2.05), 2, 1, np.nan),
    ("A6", (3.75, 2.00), 4, 3, 0.1107),
    ("C6", (4.45, 2.10), 4, 3, 0.1107),
)


def main() -> None:
    """Write both pictures."""
    x, y = np.array([row[1] for row in ROWS]).T
    flag, kind, z = (np.array([row[i] for row in ROWS], dtype=float) for i in (2, 3, 4))
    pairs = pairs_within(150 + x / 3600, y / 3600, radius_arcsec=RADIUS_ARCSEC)
    stars = flag == 6
    evidence = Evidence([flag, kind], z, np.arange(len(ROWS)))
    fresh = np.ones(len(ROWS), dtype=np.int8)
    verdicts = reach_verdicts(pairs, stars, evidence, fresh, delta_z_threshold=0.001)
    tie_result = [TieResult(value) for value in verdicts.tie_result]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "deduplication-groups.svg").write_text(groups_picture(x, y, pairs, stars, tie_result))
    (FOLDER / "deduplication-ladder.svg").write_text(
        ladder_picture([4, 5, 6], verdicts.lost_at, tie_result)
    )


def groups_picture(
    x: FloatArray,
    y: FloatArray,
    pairs: IntArray,
    stars: BoolArray,
    tie_result: list[TieResult],
) -> str:
    """Return the sky with rows, links and verdicts."""
    left, top = 30, 30
    px, py = left + x * PX_PER_ARCSEC, top + y * PX_PER_ARCSEC
    parts = []
    for first, second in pairs:
        dashed = ' stroke-dasharray="4 4"' if stars[first] or stars[second] else ""
        parts.append(
            f'<line x1="{px[first]:.1f}" y1="{py[first]:.1f}" x2="{px[second]:.1f}" '
            f'y2="{py[second]:.1f}" stroke="{ACCENT}" stroke-width="2"{dashed}/>'
        )
    for number, row in enumerate(ROWS):
        parts.append(
            f'<circle cx="{px[number]:.1f}" cy="{py[number]:.1f}" r="9" '
            f'fill="{FILL[tie_result[number]]}" stroke="{INK}"/>'
            f'<text x="{px[number]:.1f}" y="{py[number] - 15:.1f}" '
            f'text-anchor="middle">{row[0]}</text>'
        )
    parts.append(scale_bar(left, 350))
    parts.extend(legend(260, 346))
    return svg(
        700, 380, parts, "Twelve rows of three catalogs, the pairs among them and the verdicts"
    )


def scale_bar(x: float, y: float) -> str:
    """Return a bar as long as the match radius."""
    length = RADIUS_ARCSEC * PX_PER_ARCSEC
    return (
        f'<line x1="{x}" y1="{y}" x2="{x + length}" y2="{y}" stroke="{INK}" stroke-width="3"/>'
        f'<text x="{x + length + 8}" y="{y + 5}">radius {RADIUS_ARCSEC}″</text>'
    )


def legend(x: float, y: float) -> list[str]:
    """Return the key of the verdicts."""
    parts = []
    for verdict, word in WORDS.items():
        parts.append(f'<circle cx="{x}" cy="{y}" r="7" fill="{FILL[verdict]}" stroke="{INK}"/>')
        parts.append(f'<text x="{x + 12}" y="{y + 5}">{word}</text>')
        x += 34 + 7 * len(word)
    return parts


def ladder_picture(
    members: list[int], lost_at: NDArray[np.int8], tie_result: list[TieResult]
) -> str:
    """Return how a group is decided: one row of the table per member, one column per step."""
    steps = (
        "row",
        "flag",
        "type",
        "z",
        "highest flag",
        "best type",
        "z within 0.001",
        "tie_result",
    )
    edges = (20, 70, 120, 170, 240, 340, 430, 560)
    parts = [
        f'<text x="{x}" y="30" font-weight="600">{step}</text>'
        for x, step in zip(edges, steps, strict=True)
    ]
    for line, number in enumerate(members):
        y = 62 + 30 * line
        label, _, flag, kind, z = ROWS[number]
        facts = (label, str(flag), {3: "s", 2: "g", 1: "p"}[kind], f"{z:.4f}")
        parts += [
            f'<text x="{x}" y="{y}">{fact}</text>' for x, fact in zip(edges[:4], facts, strict=True)
        ]
        for step, x in zip((0, 1, LOST_IN_COLLAPSE), edges[4:7], strict=True):
            parts.append(step_mark(int(lost_at[number]), step, x, y))
        verdict = tie_result[number]
        parts.append(
            f'<circle cx="{edges[7] + 6}" cy="{y - 5}" r="7" '
            f'fill="{FILL[verdict]}" stroke="{INK}"/>'
        )
        parts.append(f'<text x="{edges[7] + 20}" y="{y}">{WORDS[verdict]}</text>')
    return svg(720, 150, parts, "How the group A3, B3, C3 is decided, step by step")


def step_mark(lost_at: int, step: int, x: float, y: float) -> str:
    """Return what a step did to a row: it stays, it loses here, or it is out already."""
    if lost_at == step:
        return f'<text x="{x}" y="{y}" fill="#a5123f" font-weight="600">loses</text>'
    if 0 <= lost_at < step:
        return f'<text x="{x}" y="{y}" fill="{FAINT}">–</text>'
    return f'<text x="{x}" y="{y}" fill="#08694f">stays</text>'


def svg(width: int, height: int, parts: list[str], title: str) -> str:
    """Return a picture with a title that screen readers say."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="sans-serif" font-size="14" fill="{INK}">'
        f"<title>{title}</title>"
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>' + "".join(parts) + "</svg>\n"
    )


if __name__ == "__main__":
    main()
