"""Downloads on the wire."""
