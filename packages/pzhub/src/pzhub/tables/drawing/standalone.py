"""A drawing as a file of its own: the colours of the light theme inside, on white."""

from __future__ import annotations

import re
from typing import Final

#: The tokens of the light theme (css/tokens.css) for the classes of css/graphics.css.
_STYLE: Final = """
svg{background:#fff}
text{fill:#46546a;font-family:"IBM Plex Sans","DejaVu Sans",sans-serif;font-size:12px}
.strong{fill:#121b29;font-weight:600}
.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
.z-fill{fill:#f6d9c8}.z-line{fill:none;stroke:#b8470f;stroke-width:1.5}
.grey-fill{fill:#edf1f6}.grey-line{fill:none;stroke:#66758a;stroke-width:1.5}.grey-bar{fill:#66758a}
.cmp-line{fill:none;stroke:#66758a;stroke-width:1.25;stroke-dasharray:4 3}
.dash-2{stroke-dasharray:1 3}.dash-3{stroke-dasharray:8 3}.dash-4{stroke-dasharray:8 3 1 3}
.dash-5{stroke-dasharray:2 2}.axis{stroke:#7a889b;fill:none}.grid{stroke:#d3dbe6;fill:none}
.over{stroke:#b8470f;fill:none;stroke-width:1.5}
.rubin-under{stroke:#fff;fill:none;stroke-width:3}
.rubin{stroke:#121b29;fill:none;stroke-dasharray:6 3}
.locator{fill:#fff;stroke:#7a889b}.locator-here{fill:#1a57a8}
.galplane{fill:none;stroke:#7a889b;stroke-dasharray:1 4;stroke-linecap:round;stroke-width:1.5}
.m0{fill:#f3f6fa}.m1{fill:#c9d9ee;stroke:#c9d9ee}.m2{fill:#a6c2e6;stroke:#a6c2e6}
.m3{fill:#7da6d9;stroke:#7da6d9}.m4{fill:#578cc9;stroke:#578cc9}.m5{fill:#2a64a8;stroke:#2a64a8}
.m6{fill:#0f3769;stroke:#0f3769}.cells path{stroke:none}
.dots path{stroke-linecap:round;fill:none}
"""


def as_file(svg: str) -> str:
    """Return a drawing of this package as an SVG file that needs no style sheet."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    size = f' width="{box[1]}" height="{box[2]}"' if box else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg"{size}'
    start, rest = svg.split(">", 1)
    opened = start.replace("<svg", head, 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{opened}><style>{_STYLE}</style>{rest}\n'
