"""Looking into tables without downloading them: a part of the facade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pzserver.api import PzRequests
from pzserver.products import find_product
from pzserver.profiles import WAIT_SECONDS as PROFILE_SECONDS
from pzserver.profiles import fetch_profile
from pzserver.regions import moc_text
from pzserver.subsets import Selection
from pzserver.views import (
    WAIT_SECONDS,
    fetch_count,
    fetch_density,
    require_comparable,
    side_by_side,
    start_view,
    wait_for_view,
)

Cone = tuple[float, float, float]


class _Looking:
    """What the server tells of tables."""

    api: PzRequests

    def get_profile(
        self,
        product_id: int | str,
        sections: Sequence[str] | None = None,
        *,
        wait_seconds: float = PROFILE_SECONDS,
    ) -> dict[str, Any]:
        """Return what a product's table looks like, without downloading it.

        The server has computed it: statistics and a histogram of every column, N(z) with its
        splits, flags, magnitudes, densities, the sky, and checks.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        sections
            Only these parts, such as ``["columns", "redshift"]``; None means all.
        wait_seconds
            How long the server may take, where it is computing it just now.

        Raises
        ------
        NotFound
            If the product is no table.
        ServerFault
            If the profile is still being made after that time.

        Examples
        --------
        >>> profile = pz.get_profile("2_vvdslike_ecdfs", ["n_rows", "columns", "redshift"])
        >>> profile["n_rows"], profile["columns"][0]["name"], profile["redshift"]["column"]
        (1500, 'NUM', 'Z')
        """
        key = find_product(self.api, product_id)["id"]
        return fetch_profile(self.api, key, sections, wait_seconds=wait_seconds)

    def count_rows(
        self,
        product_id: int | str,
        *,
        where: str | None = None,
        cone: Cone | None = None,
        moc: Any = None,
    ) -> int:
        """Return how many rows of a product's table fit, without downloading them.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        where, cone, moc
            Which rows, as for `PzServer.get_product`.

        Raises
        ------
        Invalid
            If the condition or the region does not fit the table.

        Examples
        --------
        >>> pz.count_rows("2_vvdslike_ecdfs", where="Z > 1.4 and cone(53.1, -27.8, 2.0)")
        232
        """
        key = find_product(self.api, product_id)["id"]
        return fetch_count(self.api, key, _selection(where, cone, moc))

    def get_density(
        self,
        product_id: int | str,
        x: str,
        y: str | None = None,
        *,
        bins: int | None = None,
        ybins: int | None = None,
        range: tuple[float, float] | None = None,
        yrange: tuple[float, float] | None = None,
        where: str | None = None,
        cone: Cone | None = None,
        moc: Any = None,
    ) -> dict[str, Any]:
        """Return how the values of a column, or of a pair, are spread; the server counts.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        x, y
            Names of columns.
        bins, ybins
            How many of equal width: 50 for a column, 60 a side for a pair unless given.
        range, yrange
            Lowest and highest edge; those of the rows that fit unless given.
        where, cone, moc
            Which rows, as for `PzServer.get_product`.

        Returns
        -------
        ``edges``, shape ``(n + 1,)``, and ``counts``, shape ``(n,)``, of a column of numbers;
        ``x_edges``, ``y_edges`` and ``counts``, shape ``(n, m)``, of a pair; the most frequent
        ``values`` of a column of text; always ``rows`` that fit and those that are ``missing``

        Raises
        ------
        Invalid
            If there are no such columns, or they cannot be counted so.

        Examples
        --------
        >>> spread = pz.get_density("2_vvdslike_ecdfs", "Z", bins=3, range=(0, 1.5))
        >>> spread["edges"], len(spread["counts"])
        ([0.0, 0.5, 1.0, 1.5], 3)
        """
        key = find_product(self.api, product_id)["id"]
        axes = {"x": x, "y": y, "bins": bins, "ybins": ybins, "range": range, "yrange": yrange}
        return fetch_density(self.api, key, _selection(where, cone, moc), axes)

    def save_view(
        self,
        product_id: int | str,
        name: str,
        *,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        cone: Cone | None = None,
        moc: Any = None,
        sort: Sequence[str] | None = None,
        limit: int | None = None,
        product_type: str | None = None,
        description: str | None = None,
        wait_seconds: float = WAIT_SECONDS,
    ) -> dict[str, Any]:
        """Save rows and columns of a product's table as a product of one's own.

        The server makes and publishes it, in the release of its source; what the columns mean is
        carried over, and its provenance names the source and the condition.

        Parameters
        ----------
        product_id
            Id or ``internal_name`` of the source.
        name
            Name of the new product.
        columns, where, cone, moc, limit
            Which columns and rows, as for `PzServer.get_product`.
        sort
            Names of columns, ``-`` before one for descending.
        product_type
            Name of a product type; that of the source unless given.
        description
            Free text, Markdown.
        wait_seconds
            How long the server may take; with 0 the product is still being made.

        Returns
        -------
        the metadata of the new product

        Raises
        ------
        Invalid
            If no row fits, a column that the type needs is left out, or it could not be made.

        Examples
        --------
        >>> saved = pz.save_view("2_vvdslike_ecdfs", "Distant", where="Z > 1.4")
        >>> saved["product_status"], saved["origin"]
        ('Published', 'Saved view')
        """
        key = find_product(self.api, product_id)["id"]
        selection = _selection(where, cone, moc, columns, limit)
        facts = {
            "display_name": name,
            "product_type": product_type,
            "description": description,
            "sort": None if sort is None else list(sort),
        }
        begun = start_view(self.api, key, selection, facts)
        if not wait_seconds:
            return self.api.get("products", begun["id"])
        return wait_for_view(self.api, begun["id"], wait_seconds=wait_seconds)

    def get_comparison(self, product_ids: Sequence[int | str]) -> dict[str, Any]:
        """Return the facts of 2 to 6 products side by side, from their profiles.

        Parameters
        ----------
        product_ids
            Ids or ``internal_name``s.

        Returns
        -------
        ``products``: type, release, owner, rows, redshifts, area (deg2) … of each; ``columns``:
        for each meaning, or name, what the column is called in each of them, or None

        Raises
        ------
        Invalid
            If they are fewer than 2 or more than 6.

        Examples
        --------
        >>> both = pz.get_comparison(["1_2dfgrslike_ecdfs", "2_vvdslike_ecdfs"])
        >>> [product["rows"] for product in both["products"]]
        [1200, 1500]
        >>> both["columns"][0]
        {'meaning': 'id', 'names': ['name', 'NUM']}
        """
        require_comparable(product_ids)
        products = [find_product(self.api, product_id) for product_id in product_ids]
        return side_by_side(self.api, products)


def _selection(
    where: str | None,
    cone: Cone | None,
    moc: Any,
    columns: Sequence[str] | None = None,
    limit: int | None = None,
) -> Selection:
    return Selection(columns, where, cone, limit, None if moc is None else moc_text(moc))
