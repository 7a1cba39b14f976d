"""The administration of the site, for administrators alone."""
