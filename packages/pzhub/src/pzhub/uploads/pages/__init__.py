"""Pages of the upload wizard."""
