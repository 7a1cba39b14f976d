from __future__ import annotations

import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

from pzhub.catalog.lineage import Lineage, MakingRun
from pzhub.catalog.models import Product, ProductStatus, ProductType
from pzhub.web.lineage_graph import draw


def product(pk: int, name: str, status: int = ProductStatus.PUBLISHED) -> Product:
    kind = ProductType(display_name="Training Set")
    return Product(
        pk=pk, display_name=name, internal_name=f"{pk}_p", status=status, product_type=kind
    )


def drawn(*products: Product, generations: tuple[int, ...], runs: list[MakingRun]) -> ET.Element:
    lineage = Lineage(products[0])
    for item, generation in zip(products, generations, strict=True):
        lineage.add(item, generation)
    lineage.runs = runs
    return ET.fromstring(draw(lineage))


def boxes(svg: ET.Element) -> dict[str, Any]:
    """Return kind, link, corner and second line of each box, by its first line."""
    found = {}
    for group in svg.iter("g"):
        link = group.find("a")
        box = group if link is None else link
        rect, first, second = box.find("rect"), *box.findall("text")
        assert rect is not None
        found[first.text] = SimpleNamespace(
            kind=group.get("class"),
            link=None if link is None else link.get("href"),
            x=float(rect.get("x", "")),
            y=float(rect.get("y", "")),
            second=second.text,
            right=float(rect.get("x", "")) + float(rect.get("width", "")),
        )
    return found


def test_boxes_stand_from_left_to_right_and_lead_to_their_products() -> None:
    svg = drawn(
        product(1, "Here"),
        product(2, "Source <1>"),
        product(3, "Lost", ProductStatus.DELETED),
        product(4, "Result"),
        generations=(0, -1, -1, 1),
        runs=[MakingRun(7, "Combine", "2.1", 1, (2, 3)), MakingRun(8, "Train", "1.0", 4, (1,))],
    )

    found = boxes(svg)

    order = ["Source <1>", "Combine", "Here", "Train", "Result"]
    assert sorted(order, key=lambda name: found[name].x) == order
    assert found["Combine"].y == found["Here"].y
    assert found["Source <1>"].y != found["Lost"].y
    assert found["Source <1>"].link == "/product/2_p"
    assert (found["Lost"].link, found["Lost"].second) == (None, "deleted")
    assert (found["Here"].link, found["Here"].kind) == (None, "node is-here")
    assert found["Combine"].second == "version 2.1"
    assert svg.get("aria-label") == (
        "Provenance of Here: 2 products before it, 1 product after it."
    )
    arrows = [path for path in svg.findall("path") if path.get("marker-end")]
    assert len(arrows) == 5
    assert all(box.x >= 0 and box.right <= float(svg.get("width", "")) for box in found.values())


def test_a_run_of_hidden_sources_has_room_and_says_so() -> None:
    svg = drawn(
        product(1, "Here"),
        generations=(0,),
        runs=[MakingRun(7, "Combine", "2.1", 1, (), hides_inputs=True)],
    )

    found = boxes(svg)

    assert 0 <= found["Combine"].x < found["Here"].x
    assert found["Combine"].second.startswith("also from")


def test_long_names_are_cut_and_whole_in_the_title() -> None:
    name = "A very long name of a product that nobody can read in a small box"
    svg = drawn(product(1, name), generations=(0,), runs=[])

    group = svg.find("g")
    assert group is not None
    shown = group.find("text")
    assert shown is not None
    assert shown.text is not None
    assert shown.text.endswith("…")
    assert name.startswith(shown.text[:-1])
    assert group.findtext("title", "").startswith(name)
