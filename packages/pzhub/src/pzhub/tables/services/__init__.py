"""Acts on tables: look at a page, count, write a subset."""

from pzhub.tables.services.export import SUBSET_FORMATS, Subset, SubsetFormat, write_subset
from pzhub.tables.services.look import Page, count_rows, read_page

__all__ = [
    "SUBSET_FORMATS",
    "Page",
    "Subset",
    "SubsetFormat",
    "count_rows",
    "read_page",
    "write_subset",
]
