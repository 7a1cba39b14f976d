"""Pages of accounts: sign in, sign out, tokens."""
