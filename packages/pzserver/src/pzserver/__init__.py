"""Python client of the Photo-z Server."""
