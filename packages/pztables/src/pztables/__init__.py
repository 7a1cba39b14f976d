"""What a photo-z table is: roles, product types, formats, expressions, profiles."""
