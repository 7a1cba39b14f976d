"""Tables on the wire."""
