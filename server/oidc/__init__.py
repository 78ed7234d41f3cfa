"""Signing in by a provider of OpenID Connect (Core 1.0, Discovery 1.0; RFC 9700 for what is safe).

The code flow with PKCE. Off unless `oidc.issuer` is set.
"""
