"""Management of the server."""
