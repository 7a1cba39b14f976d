"""Object catalogs (photometry) in HATS: where they are, what they hold, reading parts of them."""
