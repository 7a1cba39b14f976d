"""What the API of every app stands on: views, errors, pages, OPTIONS, filters."""
