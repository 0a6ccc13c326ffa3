"""Check pieces, checks of devices, and devices that are locked; a unit's licence plate may be issued anew"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

# A plate whose print nobody saw the end of may hang anywhere: the unit gets another, and the old one means nothing any more.
_RECODE = """
CREATE FUNCTION hu_recode(p_hu bigint, p_code text, p_move uuid, p_request uuid, p_cause text, p_actor text, p_now timestamptz)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  old_code text; stands_in bigint;
BEGIN
  SELECT code, in_place_id INTO old_code, stands_in FROM handling_unit WHERE id = p_hu FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown unit' USING ERRCODE = 'WM005', DETAIL = json_build_object('unit', p_hu)::text;
  END IF;
  UPDATE place SET code = p_code WHERE id = p_hu;
  UPDATE handling_unit SET code = p_code WHERE id = p_hu;
  INSERT INTO hu_move (id, hu_id, from_place_id, to_place_id, cause, actor, request_id, occurred_at, recorded_at)
  VALUES (p_move, p_hu, stands_in, stands_in, p_cause || ': ' || old_code || ' void, now ' || p_code, p_actor, p_request, p_now, p_now);
  RETURN old_code;
END $$;
"""
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    op.execute(_RECODE)
    op.create_table(
        "device_lock",
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("locked_by", sa.Text(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_lock")),
    )
    op.create_table(
        "check_piece",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("length_mm", sa.BigInteger(), nullable=False),
        sa.Column("width_mm", sa.BigInteger(), nullable=False),
        sa.Column("height_mm", sa.BigInteger(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "weight_g >= 0 AND length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0", name=op.f("ck_check_piece_sizes")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_check_piece")),
    )
    op.create_table(
        "device_check",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("piece", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("interval", sa.BigInteger(), nullable=False),
        sa.Column("reference", _JSON, nullable=False),
        sa.Column("measured", _JSON, nullable=False),
        sa.Column("error_pct", sa.Float(), nullable=False),
        sa.Column("allowed_pct", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("command_id", sa.UUID(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("measure IN ('weight','size')", name=op.f("ck_device_check_measure")),
        sa.CheckConstraint("state IN ('asked','passed','failed','void')", name=op.f("ck_device_check_state")),
        sa.ForeignKeyConstraint(["piece"], ["check_piece.code"], name=op.f("fk_device_check_piece_check_piece")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_check")),
    )
    op.create_index("ix_device_check_device", "device_check", ["device", "measure", "asked_at"])
    # Judged as the share of the allowed error that the worst device used up.
    op.execute("UPDATE control_point SET limit_op = '<', limit_value = 100 WHERE id IN ('dws-weight', 'dws-dimension')")


def downgrade() -> None:
    op.execute("DROP FUNCTION hu_recode")
    op.execute("UPDATE control_point SET limit_op = '', limit_value = NULL WHERE id IN ('dws-weight', 'dws-dimension')")
    op.drop_table("device_check")
    op.drop_table("check_piece")
    op.drop_table("device_lock")
