"""Acts on tables: look at a page, count, write a subset."""

from pzhub.tables.services.density import Axis, read_density
from pzhub.tables.services.export import SUBSET_FORMATS, Subset, SubsetFormat, write_subset
from pzhub.tables.services.look import Page, count_rows, read_page

__all__ = [
    "SUBSET_FORMATS",
    "Axis",
    "Page",
    "Subset",
    "SubsetFormat",
    "count_rows",
    "read_density",
    "read_page",
    "write_subset",
]
