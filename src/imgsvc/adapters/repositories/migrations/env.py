"""Runs the migrations on the connection, and in the transaction, that schema.py has begun."""

from alembic import context

from imgsvc.adapters.repositories.tables import metadata

# SQLite cannot alter a table in place: render_as_batch writes new migrations so that they copy it.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
