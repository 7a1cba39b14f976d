"""Migrations of tables."""
