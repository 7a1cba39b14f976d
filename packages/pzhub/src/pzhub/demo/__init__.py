"""Demo content: generated catalogs in real surveys' conventions, and a story told with them."""
