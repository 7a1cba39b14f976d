"""Uploads on the wire."""
