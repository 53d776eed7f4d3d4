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

    def known_id(self) -> InstallationId | None:
        # An examination asks also where the schema is older.
        with reading(self.engine) as connection:
            return _read(connection) if inspect(connection).has_table(installation.name) else None

    @repeated_if_overtaken
    def _made(self) -> InstallationId:
        with writing(self.engine) as connection:
            new = insert_into(connection, installation).values(row=_ROW, id=uuid4())
            # Of several who make one at once the first has made it for all.
            connection.execute(new.on_conflict_do_nothing())
            made = _read(connection)
        assert made is not None, "it was there or is added just now"
        return made

    @repeated_if_overtaken
    def renew_id(self) -> InstallationId:
        new_id = InstallationId(uuid4())
        with writing(self.engine) as connection:
            new = insert_into(connection, installation).values(row=_ROW, id=new_id)
            connection.execute(new.on_conflict_do_update(index_elements=[installation.c.row], set_={"id": new_id}))
        return new_id


def _read(connection: Connection) -> InstallationId | None:
    return connection.execute(select(installation.c.id)).scalar_one_or_none()
