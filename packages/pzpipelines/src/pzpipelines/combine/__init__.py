"""Combine Redshift Catalogs: unify, match, resolve, write."""
