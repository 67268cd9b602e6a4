"""Alembic's entry: runs the migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from storage.schema import metadata

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    on_version_apply=attributes.get("on_version_apply", ()),
)
with context.begin_transaction():
    context.run_migrations()
