"""What Alembic runs: the steps, on the connection that maintenance.py gives it."""

from alembic import context

from pipeline.adapters.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
