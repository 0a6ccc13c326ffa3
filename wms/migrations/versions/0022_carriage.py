"""What a parcel may weigh, be worth and cost with the service chosen, for the carton plan"""

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
