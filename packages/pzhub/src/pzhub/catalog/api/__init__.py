"""API of the catalog: releases, product types, products, columns."""
