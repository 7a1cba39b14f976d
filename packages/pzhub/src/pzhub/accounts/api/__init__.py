"""API of accounts: who asks, with which token, and users."""
