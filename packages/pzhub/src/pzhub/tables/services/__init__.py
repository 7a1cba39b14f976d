"""Acts on tables: look at a page, count, write a subset."""

from pzhub.tables.services.density import Axis, read_density
from pzhub.tables.services.export import SUBSET_FORMATS, Subset, SubsetFormat, write_subset
from pzhub.tables.services.look import Cells, Page, count_rows, read_cells, read_page, read_row

__all__ = [
    "SUBSET_FORMATS",
    "Axis",
    "Cells",
    "Page",
    "Subset",
    "SubsetFormat",
    "count_rows",
    "read_cells",
    "read_density",
    "read_page",
    "read_row",
    "write_subset",
]
