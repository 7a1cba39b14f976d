"""Pages that belong to no app: landing, texts, preferences."""
