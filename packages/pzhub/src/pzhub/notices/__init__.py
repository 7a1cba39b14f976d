"""Notices: what happened while a user was elsewhere, in the page and by mail."""
