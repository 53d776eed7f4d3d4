"""Webhooks, and what they are told."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("old_secret", sa.Text),
        sa.Column("old_secret_ends_at", _moment),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("disabled_at", _moment),
        sa.Column("failing_since", _moment),
        sa.Column("deleted_at", _moment),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(["owner"], ["users.id"], name="fk_webhooks_owner", ondelete="CASCADE"),
    )
    op.create_index("ix_webhooks_owner", "webhooks", ["owner", "created_at", "id"])
    _partial_index("ix_webhooks_deleted", "webhooks", ["id"], "deleted_at IS NOT NULL")
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("webhook_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("variant_id", sa.Uuid),
        sa.Column("image_id", sa.Uuid),
        sa.Column("failure_code", sa.Text),
        sa.Column("failure_detail", sa.Text),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", _moment),
        sa.Column("last_attempt_at", _moment),
        sa.Column("ended_at", _moment),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_trouble", sa.Text),
        sa.Column("claim_token", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id", ondelete="CASCADE"
        ),
    )
    deliveries = "webhook_deliveries"
    op.create_index("ix_webhook_deliveries_list", deliveries, ["webhook_id", "created_at", "id"])
    op.create_index("ix_webhook_deliveries_status", deliveries, ["webhook_id", "status", "created_at", "id"])
    _partial_index("ix_webhook_deliveries_due", deliveries, ["due_at", "webhook_id", "id"], "due_at IS NOT NULL")
    _partial_index("ix_webhook_deliveries_ended", deliveries, ["ended_at", "id"], "ended_at IS NOT NULL")


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
