"""The Photo-z Server: web site, REST API, chores and pipeline runner."""
