"""Models of the catalog."""

from pzhub.catalog.models.column import Column
from pzhub.catalog.models.facets import ProductFacets
from pzhub.catalog.models.file import FileRole, ProductFile
from pzhub.catalog.models.product import Product, ProductStatus
from pzhub.catalog.models.product_type import ProductType
from pzhub.catalog.models.release import Release
from pzhub.catalog.models.summary import ProductSummary, SkyCell

__all__ = [
    "Column",
    "FileRole",
    "Product",
    "ProductFacets",
    "ProductFile",
    "ProductStatus",
    "ProductSummary",
    "ProductType",
    "Release",
    "SkyCell",
]
