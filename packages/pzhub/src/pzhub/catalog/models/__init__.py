"""Models of the catalog."""

from pzhub.catalog.models.column import Column
from pzhub.catalog.models.file import FileRole, ProductFile
from pzhub.catalog.models.product import Product, ProductStatus
from pzhub.catalog.models.product_type import ProductType
from pzhub.catalog.models.release import Release

__all__ = [
    "Column",
    "FileRole",
    "Product",
    "ProductFile",
    "ProductStatus",
    "ProductType",
    "Release",
]
