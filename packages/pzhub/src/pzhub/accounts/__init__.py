"""Users, tokens, groups, sign-in."""
