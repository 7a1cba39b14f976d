"""Looking into tables: any rows and columns of a product, without downloading all of it."""
