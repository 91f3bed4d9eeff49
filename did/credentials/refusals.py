"""Why a credential or a presentation is refused."""

from config.errors import RefusedError


class CredentialError(RefusedError):
    """Malformed, not understood, not genuine, or not in force; the reason says which."""
