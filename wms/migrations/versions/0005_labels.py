"""Printers with their media and fallbacks; print jobs in any language, queued, handed out or reprinted"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "printer",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("dpi", sa.BigInteger(), nullable=False),
        sa.Column("width_mm", sa.Float(), nullable=False),
        sa.Column("height_mm", sa.Float(), nullable=False),
        sa.Column("gap_mm", sa.Float(), nullable=False),
        sa.Column("stock", sa.Text(), nullable=False),
        sa.Column("fallback", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=False),
        sa.Column("moved_by", sa.Text(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('label', 'mobile', 'office')", name=op.f("ck_printer_kind")),
        sa.CheckConstraint("language IN ('zpl', 'tspl', 'pdf')", name=op.f("ck_printer_language")),
        sa.CheckConstraint(
            "dpi BETWEEN 100 AND 1200 AND width_mm > 0 AND height_mm > 0", name=op.f("ck_printer_media")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_printer")),
    )
    for name in ("home", "language", "serial", "actor", "reason"):
        op.add_column("print_job", sa.Column(name, sa.Text(), nullable=False, server_default=""))
        op.alter_column("print_job", name, server_default=None)
    op.execute("UPDATE print_job SET home = printer, language = 'zpl'")
    op.add_column("print_job", sa.Column("reprint_of", sa.UUID(), nullable=True))
    op.create_index("ix_print_job_created_at", "print_job", ["created_at"])
    op.create_index(
        "ix_print_job_waiting", "print_job", ["home", "id"], postgresql_where=sa.text("state IN ('queued', 'handed')")
    )
