"""Product types, releases, products, files, columns, provenance."""
