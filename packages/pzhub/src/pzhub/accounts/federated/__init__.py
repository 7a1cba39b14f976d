"""Sign-in with an identity provider that speaks OpenID Connect.

`provider` talks with it, `claims` reads what it says of a person, `pages` are the way there and
back; who becomes which user is decided in `pzhub.accounts.services.federated`.
"""
