"""Other warehouses and their stock; return labels bought from a carrier"""

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
