"""The id of the installation, in a SQL database."""

from uuid import uuid4

from attrs import frozen
from sqlalchemy import Connection, Engine, inspect, select

from imgsvc.adapters.repositories.portable_sql import insert_into
from imgsvc.adapters.repositories.tables import installation
from imgsvc.adapters.repositories.transactions import reading, repeated_if_overtaken, writing
from imgsvc.ports.installation import InstallationId

_ROW = 1  # the only one


@frozen
class SqlInstallation:
    engine: Engine

    def id(self) -> InstallationId:
        with reading(self.engine) as connection:
            known = _read(connection)
        return known or self._made()

    def known(self) -> InstallationId | None:
        """The same, also of a schema that is older, and without making any."""
        with reading(self.engine) as connection:
            return _read(connection) if inspect(connection).has_table(installation.name) else None

    @repeated_if_overtaken
    def _made(self) -> InstallationId:
        with writing(self.engine) as connection:
            new = insert_into(connection, installation).values(id=_ROW, identity=uuid4())
            # Of several who make one at once the first has made it for all.
            connection.execute(new.on_conflict_do_nothing())
            made = _read(connection)
        assert made is not None, "it was there or is added just now"
        return made

    @repeated_if_overtaken
    def renew(self) -> InstallationId:
        identity = uuid4()
        with writing(self.engine) as connection:
            new = insert_into(connection, installation).values(id=_ROW, identity=identity)
            connection.execute(
                new.on_conflict_do_update(index_elements=[installation.c.id], set_={"identity": identity})
            )
        return InstallationId(identity)


def _read(connection: Connection) -> InstallationId | None:
    return connection.execute(select(installation.c.identity)).scalar_one_or_none()
