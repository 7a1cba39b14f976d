"""Pages of the catalog: lists, the product page, edit, delete."""
