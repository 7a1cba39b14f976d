"""Training Set Maker: redshifts matched with the photometry of an object catalog."""
