"""Which installation a database belongs to.

Any call may raise Busy or Unavailable. Calls are safe from any thread.
"""

from typing import NewType, Protocol
from uuid import UUID

InstallationId = NewType("InstallationId", UUID)


class InstallationRepository(Protocol):
    """One id for each database, which its copies and backups have too."""

    def id(self) -> InstallationId:
        """The same for all who ask, and after each start; whoever asks first makes it."""

    def known_id(self) -> InstallationId | None:
        """The same, None where nobody has asked for it yet; nothing is made."""

    def renew_id(self) -> InstallationId:
        """Another one, from here on: for a copy that is to be told from what it was made of."""
