"""`PzServer`: the facade that notebooks know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pzserver._http import TIMEOUT_SECONDS
from pzserver._lists import _Lists
from pzserver._looking import _Looking
from pzserver._processing import _Processing
from pzserver.api import PzRequests
from pzserver.archives import download_product, download_products
from pzserver.cache import cache_at
from pzserver.errors import Invalid, Refused
from pzserver.login import find_login
from pzserver.metadata import metadata_rows
from pzserver.models import Catalog, SpeczCatalog, TrainingSet
from pzserver.notebook import show_table
from pzserver.products import PzProduct, find_product
from pzserver.reading import read_product
from pzserver.regions import moc_text
from pzserver.subsets import Selection
from pzserver.tables import TableKind
from pzserver.uploads import PzUpload, TransferOptions, UploadData


class PzServer(_Lists, _Looking, _Processing):
    """Access to a Photo-z Server.

    Parameters
    ----------
    token
        API token from the web site; by default the variable ``PZSERVER_TOKEN``, or what
        ``pz login`` stored.
    host
        ``"pz"`` (production), ``"pz-dev"`` (test), ``"localhost"``, or the address of the API; by
        default the variable ``PZSERVER_HOST``, the host of the stored token, or ``"pz"``.
    cache
        Whether main files are kept in the user's cache (see ``PZSERVER_CACHE``), or the folder
        to keep them in.
    timeout_seconds
        Limit for connecting and between two pieces of an answer.

    Attributes
    ----------
    cache
        Where main files are kept (`Cache`), or None.

    Raises
    ------
    Refused
        If the token is not accepted.
    Unreachable
        If the server does not answer.
    """

    def __init__(
        self,
        token: str | None = None,
        host: str | None = None,
        *,
        cache: bool | str | Path = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        login = find_login(token, host)
        if login is None:
            raise Invalid(
                "Please provide a valid token: PzServer(token='…'), the variable PZSERVER_TOKEN, "
                "or `pz login`"
            )
        self.cache = cache_at(cache)
        self.api = PzRequests(login.token, login.host, timeout_seconds=timeout_seconds)

    def close(self) -> None:
        """Close the connections to the server."""
        self.api.connection.close()

    def __enter__(self) -> PzServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # ── one product ──────────────────────────────────────────────────────────
    def get_product_metadata(
        self, product_id: int | str, mainfile_info: bool = True
    ) -> dict[str, Any]:
        """Return the metadata of a product, by id or ``internal_name``.

        Raises
        ------
        NotFound
            If there is none that this user may see.

        Examples
        --------
        >>> metadata = pz.get_product_metadata("2_vvdslike_ecdfs")
        >>> metadata["main_file"]["n_rows"], metadata["main_file"]["columns"][:3]
        (1500, ['NUM', 'ALPHA', 'DELTA'])
        """
        product = find_product(self.api, product_id)
        if mainfile_info:
            product["main_file"] = self.api.get_main_file_info(product["id"])
        return product

    def display_product_metadata(
        self, product_id: int | str | None = None, show: bool = True
    ) -> Any:
        """Show the metadata of a product, or return it as a DataFrame with ``show=False``."""
        rows = metadata_rows(self.get_product_metadata(_given(product_id)))
        if show:
            show_table(rows, {"key": "key", "value": "value"})
            return None
        import pandas as pd

        return pd.DataFrame(rows)

    def get_product_object(self, product_id: int | str) -> PzProduct:
        """Return a product as an object, to look at and change its files."""
        return PzProduct(product_id, self.api)

    def download_product(
        self,
        product_id: int | str | None = None,
        save_in: str | Path = ".",
        *,
        cache: bool = True,
    ) -> Path:
        """Download a product with all its files as .zip.

        A copy is kept in the cache, by checksum, so that it is not downloaded twice.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        save_in
            Folder, made when it does not exist.
        cache
            Whether the file is looked for, and kept, in the cache.

        Returns
        -------
        where the file is
        """
        product = find_product(self.api, _given(product_id))
        return download_product(self.api, product["id"], save_in, self.cache if cache else None)

    def download_products(
        self,
        product_ids: Sequence[int | str],
        save_in: str | Path = ".",
        *,
        at_once: int = 3,
        cache: bool = True,
    ) -> list[Path]:
        """Download several products, each with all its files as .zip, some of them at once.

        Parameters
        ----------
        product_ids
            Ids or ``internal_name``s.
        save_in
            Folder, made when it does not exist.
        at_once
            How many are on their way at the same time.
        cache
            Whether the files are looked for, and kept, in the cache.

        Returns
        -------
        where the files are, in the order of the products

        Raises
        ------
        NotFound
            If one of them is not there; nothing is downloaded then.
        """
        kept = self.cache if cache else None
        return download_products(self.api, product_ids, save_in, kept, at_once=at_once)

    def get_product(
        self,
        product_id: int | str | None = None,
        get_big_products: bool = False,
        *,
        kind: TableKind = "astropy",
        columns: Sequence[str] | None = None,
        where: str | None = None,
        cone: tuple[float, float, float] | None = None,
        moc: Any = None,
        limit: int | None = None,
        cache: bool = True,
    ) -> Any:
        """Return the table of a product, or the part of it that is wanted.

        The server selects columns and rows, so that a small part of a big product is a small
        download. Whole main files are kept in a cache, by checksum, and not downloaded twice.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        get_big_products
            Read main files of more than 200 MB too.
        kind
            ``"astropy"``, ``"pandas"``, ``"arrow"``, or for HATS catalogs ``"lsdb"``.
        columns
            Names of the columns wanted, in that order.
        where
            Condition on columns, such as ``"z > 0.5 and z_flag >= 3"``; ``cone(ra, dec, radius)``
            and ``box(ra_min, ra_max, dec_min, dec_max)``, in degrees, are part of its language.
        cone
            ``(ra, dec, radius)`` of a circle on the sky, all in degrees, ICRS.
        moc
            A region of any shape: a MOC of mocpy, its ASCII or JSON, the path of a file of FITS,
            ASCII or JSON, or ``"product:<name>"`` for where another product has positions.
        limit
            Most rows.
        cache
            Whether a whole main file is looked for, and kept, in the cache.

        Raises
        ------
        Invalid
            If the product is not a table, is too big, or has no such columns.
        MissingExtra
            If a library for this kind is not installed.

        Examples
        --------
        >>> table = pz.get_product("2_vvdslike_ecdfs")
        >>> len(table), table.colnames[:3]
        (1500, ['NUM', 'ALPHA', 'DELTA'])

        >>> distant = pz.get_product(
        ...     "2_vvdslike_ecdfs",
        ...     kind="pandas",
        ...     columns=["ALPHA", "DELTA", "Z"],
        ...     where="Z > 1.4 and ZFLAGS >= 3",
        ...     cone=(53.1, -27.8, 2.0),
        ... )
        >>> float(distant["Z"].min()) > 1.4, list(distant.columns)
        (True, ['ALPHA', 'DELTA', 'Z'])
        """
        region = None if moc is None else moc_text(moc)
        selection = Selection(columns, where, cone, limit, region)
        metadata = self.get_product_metadata(_given(product_id))
        kept = self.cache if cache else None
        return read_product(self.api, metadata, selection, kind, kept, big=get_big_products)

    def get_catalog(self, product_id: int | str, **options: Any) -> Catalog:
        """Return a product's table with its metadata, ready to plot.

        Parameters
        ----------
        product_id
            Id or ``internal_name``.
        options
            As for `get_product`, which reads the table.

        Examples
        --------
        >>> catalog = pz.get_catalog("2_vvdslike_ecdfs")
        >>> catalog.column_of("RA"), catalog.column_of("z")
        ('ALPHA', 'Z')
        >>> catalog.plot(savefig="vvds.png")
        'vvds.png'
        """
        metadata = self.get_product_metadata(product_id)
        data = self.get_product(metadata["id"], **{"kind": "pandas", **options})
        catalog = self.transform_df(data, metadata)
        return catalog if isinstance(catalog, Catalog) else Catalog(catalog, metadata)

    def upload(
        self,
        name: str,
        product_type: str,
        main_file: str | Path,
        release: str | None = None,
        pz_code: str | None = None,
        auxiliary_files: Sequence[str | Path] | None = None,
        description: str | None = None,
        *,
        resume: bool = True,
        at_once: int = 3,
    ) -> PzUpload:
        """Upload a product as a draft; associate its columns, then ``save()`` publishes it.

        Parameters
        ----------
        name
            Short name; the server makes the ``internal_name`` of it.
        product_type
            Name of a product type (``"redshift_catalog"``).
        main_file
            The file that holds the product.
        release
            Name of a release.
        pz_code
            Name of the photo-z code, for estimates and validation results.
        auxiliary_files
            Files that accompany the main one.
        description
            Free text, Markdown.
        resume
            Go on where an interrupted program stopped that uploaded the same files under the same
            name; otherwise begin anew.
        at_once
            How many files are on their way at the same time.
        """
        data = UploadData(
            name, product_type, main_file, release, pz_code, auxiliary_files, description
        )
        return PzUpload(data, self.api, TransferOptions(resume=resume, at_once=at_once))

    def delete_product(self, product_id: int | str) -> None:
        """Delete a product of one's own.

        Raises
        ------
        Refused
            If it is not one's own.
        """
        product = find_product(self.api, product_id)
        if not product.get("is_owner"):
            raise Refused("You are not the owner of this product", code="not_owner")
        self.api.delete_product(product["id"])

    def transform_df(self, dataframe: Any, metadata: dict[str, Any]) -> Any:
        """Return a table as a `SpeczCatalog` or `TrainingSet`, by the type of its product."""
        classes: dict[str, type[Catalog]] = {
            "redshift_catalog": SpeczCatalog,
            "training_set": TrainingSet,
        }
        kind = classes.get(metadata["product_type_internal_name"])
        return dataframe if kind is None else kind(dataframe, metadata)


def _given(product_id: int | str | None) -> int | str:
    if product_id is None:
        raise Invalid("name the product: its id or its internal_name")
    return product_id
