"""What every app stands on: errors, audit, storage, API base."""
