"""What there is on a server: the first part of the facade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pzserver.api import PzRequests
from pzserver.metadata import PRODUCT_COLUMNS
from pzserver.notebook import show_table


class _Lists:
    """Who one is, and the lists of what there is."""

    api: PzRequests

    def whoami(self) -> dict[str, Any]:
        """Return who the token belongs to: ``{"username", "is_admin"}``."""
        return dict(self.api.connection.request("POST", "logged_user/"))

    def get_product_types(self) -> list[dict[str, Any]]:
        """Return the product types.

        Examples
        --------
        >>> [row["name"] for row in pz.get_product_types()][:3]
        ['redshift_catalog', 'training_set', 'training_results']
        """
        return self.api.get_all("product-types", ordering="order")

    def display_product_types(self) -> None:
        """Show the product types."""
        titles = {
            "display_name": "Product Type",
            "name": "product_type",
            "description": "Description",
        }
        show_table(self.get_product_types(), titles)

    def get_users(self) -> list[dict[str, Any]]:
        """Return the users."""
        return self.api.get_all("users")

    def display_users(self) -> None:
        """Show the users."""
        show_table(self.get_users(), {"username": "Username", "last_name": "Name"})

    def get_releases(self) -> list[dict[str, Any]]:
        """Return the releases that this user may see."""
        return self.api.get_all("releases")

    def display_releases(self) -> None:
        """Show the releases."""
        titles = {"name": "Name", "display_name": "Release", "description": "Description"}
        show_table(self.get_releases(), titles)

    def get_products_list(self, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the published products that pass all filters.

        Parameters
        ----------
        filters
            Name → text or list of texts, e.g. ``{"product_type": "redshift", "release": "DP1"}``.
            A list means all of them; with ``__or`` appended to the name, any of them.

        Examples
        --------
        >>> rows = pz.get_products_list({"product_type": "redshift", "official_product": True})
        >>> [row["internal_name"] for row in rows]
        ['2_vvdslike_ecdfs', '1_2dfgrslike_ecdfs']
        """
        return self.api.get_products(filters)

    def iter_products(
        self, filters: Mapping[str, Any] | None = None, *, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Return the published products that pass all filters one by one, newest first.

        Pages are asked for as they are needed; products that come or go meanwhile neither
        repeat nor hide others.

        Parameters
        ----------
        filters
            As for `get_products_list`.
        limit
            Most products; None means all.

        Examples
        --------
        >>> for row in pz.iter_products({"uploaded_by": "admin"}, limit=1):
        ...     print(row["display_name"])
        VVDS-like ECDFS
        """
        return self.api.iter_products(filters, limit=limit)

    def display_products_list(self, filters: Mapping[str, Any] | None = None) -> None:
        """Show the published products that pass all filters."""
        show_table(self.get_products_list(filters), PRODUCT_COLUMNS)
