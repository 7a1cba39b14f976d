"""Letters by mail: written with what they tell of, sent by a chore, tried again for days."""
