-- The ledger's only writers. They run with the owner's rights; the application's role can read its tables and no more,
-- so no code path can make stock wrong. Lock order everywhere: reservations by id, then balances by grain.
-- Refusals carry their own SQLSTATE: WM001 not enough, WM002 reservation not open, WM003 serial, WM004 nesting,
-- WM005 unknown place or unit, WM006 append-only.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'WM006';
END $$;

CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE ON movement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hu_move_append_only BEFORE UPDATE OR DELETE ON hu_move FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Posts a batch of movements, all or nothing. p_lines: array of
-- {id, line, sku, lot, owner, from, to, fs, ts, qty, res|null, reason, serials|null}. Returns the number of movements.
CREATE FUNCTION stock_post(p_lines jsonb, p_request uuid, p_cause text, p_actor text, p_occurred timestamptz,
                           p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  side record; bad record; n integer;
BEGIN
  INSERT INTO movement (id, request_id, line, sku_id, lot_id, owner_id, from_place_id, to_place_id, from_status, to_status,
                        qty_each, reservation_id, reason, cause, actor, occurred_at, recorded_at)
  SELECT l.id, p_request, l.line, l.sku, l.lot, l.owner, l."from", l."to", l.fs, l.ts, l.qty, l.res, l.reason,
         p_cause, p_actor, p_occurred, p_now
  FROM jsonb_to_recordset(p_lines) AS l(id uuid, line bigint, sku bigint, lot bigint, owner bigint, "from" bigint,
       "to" bigint, fs text, ts text, qty bigint, res uuid, reason text);
  GET DIAGNOSTICS n = ROW_COUNT;

  IF jsonb_path_exists(p_lines, '$[*] ? (@.res != null)') THEN
    FOR side IN
      SELECT l.res, sum(l.qty) AS qty, min(l."from") AS place, min(l.sku) AS sku, min(l.lot) AS lot,
             min(l.owner) AS owner, min(l.fs) AS status
      FROM jsonb_to_recordset(p_lines) AS l(sku bigint, lot bigint, owner bigint, "from" bigint, fs text, qty bigint, res uuid)
      WHERE l.res IS NOT NULL GROUP BY l.res ORDER BY l.res
    LOOP
      UPDATE reservation r SET open_each = r.open_each - side.qty,
             state = CASE WHEN r.open_each = side.qty THEN 'posted' ELSE r.state END
      FROM stock_balance b
      WHERE r.id = side.res AND r.state = 'pending' AND r.open_each >= side.qty AND b.id = r.balance_id
        AND b.place_id = side.place AND b.sku_id = side.sku AND b.lot_id = side.lot AND b.owner_id = side.owner
        AND b.status = side.status;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'reservation not open' USING ERRCODE = 'WM002',
          DETAIL = json_build_object('reservation', side.res, 'qty_each', side.qty)::text;
      END IF;
    END LOOP;
  END IF;

  FOR side IN
    SELECT s.place, s.sku, s.lot, s.owner, s.status, sum(s.dq) AS dq, sum(s.da) AS da
    FROM (
      SELECT l."from" AS place, l.sku, l.lot, l.owner, l.fs AS status, -l.qty AS dq,
             CASE WHEN l.res IS NULL THEN 0 ELSE -l.qty END AS da
      FROM jsonb_to_recordset(p_lines) AS l(sku bigint, lot bigint, owner bigint, "from" bigint, fs text, qty bigint, res uuid)
      UNION ALL
      SELECT l."to", l.sku, l.lot, l.owner, l.ts, l.qty, 0
      FROM jsonb_to_recordset(p_lines) AS l(sku bigint, lot bigint, owner bigint, "to" bigint, ts text, qty bigint)
    ) s JOIN place p ON p.id = s.place AND p.kind <> 'virtual'
    GROUP BY s.place, s.sku, s.lot, s.owner, s.status
    ORDER BY s.place, s.sku, s.lot, s.owner, s.status
  LOOP
    IF side.dq < 0 OR side.da < 0 THEN
      UPDATE stock_balance b SET qty_each = b.qty_each + side.dq, allocated_each = b.allocated_each + side.da,
             version = b.version + 1
      WHERE b.place_id = side.place AND b.sku_id = side.sku AND b.lot_id = side.lot AND b.owner_id = side.owner
        AND b.status = side.status AND b.qty_each + side.dq >= b.allocated_each + side.da
        AND b.allocated_each + side.da >= 0 AND b.qty_each + side.dq >= 0;
      IF NOT FOUND THEN
        SELECT b.qty_each, b.allocated_each INTO bad FROM stock_balance b
        WHERE b.place_id = side.place AND b.sku_id = side.sku AND b.lot_id = side.lot AND b.owner_id = side.owner
          AND b.status = side.status;
        RAISE EXCEPTION 'not enough' USING ERRCODE = 'WM001', DETAIL = json_build_object(
          'place', side.place, 'sku', side.sku, 'status', side.status, 'wanted_each', -side.dq,
          'on_hand_each', coalesce(bad.qty_each, 0), 'allocated_each', coalesce(bad.allocated_each, 0))::text;
      END IF;
    ELSE
      INSERT INTO stock_balance AS b (place_id, sku_id, lot_id, owner_id, status, qty_each)
      VALUES (side.place, side.sku, side.lot, side.owner, side.status, side.dq)
      ON CONFLICT (place_id, sku_id, lot_id, owner_id, status)
      DO UPDATE SET qty_each = b.qty_each + excluded.qty_each, version = b.version + 1;
    END IF;
  END LOOP;

  IF EXISTS (
    SELECT 1 FROM jsonb_to_recordset(p_lines) AS l(sku bigint, qty bigint, serials jsonb) JOIN sku ON sku.id = l.sku
    WHERE (sku.serial_policy IN ('on_receipt', 'always') OR jsonb_typeof(l.serials) = 'array')
      AND CASE WHEN jsonb_typeof(l.serials) = 'array' THEN jsonb_array_length(l.serials) ELSE 0 END <> l.qty
  ) THEN
    RAISE EXCEPTION 'serials missing' USING ERRCODE = 'WM003', DETAIL = '{"problem": "count"}';
  END IF;
  IF jsonb_path_exists(p_lines, '$[*].serials[*]') THEN
    PERFORM serials_follow(p_lines);
  END IF;
  RETURN n;
END $$;

-- Serials of the posted lines: born when they come from a virtual place, gone when they go to one, moved otherwise.
CREATE FUNCTION serials_follow(p_lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  unit record; from_virtual boolean; to_virtual boolean;
BEGIN
  FOR unit IN
    SELECT l.id, l.sku, l."from", l."to", l.fs, l.ts, s.value #>> '{}' AS serial
    FROM jsonb_to_recordset(p_lines) AS l(id uuid, sku bigint, "from" bigint, "to" bigint, fs text, ts text, serials jsonb)
    CROSS JOIN LATERAL jsonb_array_elements(l.serials) AS s(value)
    WHERE jsonb_typeof(l.serials) = 'array' ORDER BY l.sku, s.value
  LOOP
    SELECT kind = 'virtual' INTO from_virtual FROM place WHERE id = unit."from";
    SELECT kind = 'virtual' INTO to_virtual FROM place WHERE id = unit."to";
    IF from_virtual THEN
      INSERT INTO serial (sku_id, serial, place_id, status) VALUES (unit.sku, unit.serial, unit."to", unit.ts)
      ON CONFLICT DO NOTHING;
    ELSIF to_virtual THEN
      DELETE FROM serial WHERE sku_id = unit.sku AND serial = unit.serial AND place_id = unit."from" AND status = unit.fs;
    ELSE
      UPDATE serial SET place_id = unit."to", status = unit.ts
      WHERE sku_id = unit.sku AND serial = unit.serial AND place_id = unit."from" AND status = unit.fs;
    END IF;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'serial elsewhere' USING ERRCODE = 'WM003',
        DETAIL = json_build_object('problem', 'elsewhere', 'serial', unit.serial, 'sku', unit.sku)::text;
    END IF;
    INSERT INTO movement_serial (movement_id, serial) VALUES (unit.id, unit.serial);
  END LOOP;
END $$;

-- Reserves on given balances, all or nothing. p_lines: array of {id, demand, balance, qty, expires|null}.
CREATE FUNCTION stock_reserve(p_lines jsonb, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  want record; n integer;
BEGIN
  FOR want IN
    SELECT b.id AS balance, l.qty FROM (
      SELECT balance, sum(qty) AS qty FROM jsonb_to_recordset(p_lines) AS x(balance bigint, qty bigint) GROUP BY balance
    ) l LEFT JOIN stock_balance b ON b.id = l.balance
    ORDER BY b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status
  LOOP
    UPDATE stock_balance b SET allocated_each = b.allocated_each + want.qty, version = b.version + 1
    FROM stock_status s
    WHERE b.id = want.balance AND s.code = b.status AND s.allocatable AND b.qty_each - b.allocated_each >= want.qty;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'not enough' USING ERRCODE = 'WM001',
        DETAIL = json_build_object('balance', want.balance, 'wanted_each', want.qty)::text;
    END IF;
  END LOOP;
  INSERT INTO reservation (id, demand, balance_id, qty_each, open_each, expires_at, created_at)
  SELECT l.id, l.demand, l.balance, l.qty, l.qty, l.expires, p_now
  FROM jsonb_to_recordset(p_lines) AS l(id uuid, demand text, balance bigint, qty bigint, expires timestamptz);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- Ends what is still open of these reservations as 'voided' or 'expired'. Returns how many pieces became free.
CREATE FUNCTION stock_release(p_ids uuid[], p_state text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  freed record; total bigint := 0;
BEGIN
  IF p_state NOT IN ('voided', 'expired') THEN
    RAISE EXCEPTION 'bad state %', p_state;
  END IF;
  PERFORM 1 FROM reservation WHERE id = ANY (p_ids) AND state = 'pending' ORDER BY id FOR UPDATE;
  FOR freed IN
    SELECT b.id, sum(r.open_each) AS qty FROM reservation r JOIN stock_balance b ON b.id = r.balance_id
    WHERE r.id = ANY (p_ids) AND r.state = 'pending'
    GROUP BY b.id ORDER BY b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status
  LOOP
    UPDATE stock_balance SET allocated_each = allocated_each - freed.qty, version = version + 1 WHERE id = freed.id;
    total := total + freed.qty;
  END LOOP;
  UPDATE reservation SET open_each = 0, state = p_state WHERE id = ANY (p_ids) AND state = 'pending';
  RETURN total;
END $$;

-- Makes a handling unit standing in a place. Returns its place id.
CREATE FUNCTION hu_create(p_kind text, p_code text, p_in bigint, p_bound uuid, p_move uuid, p_request uuid, p_cause text,
                          p_actor text, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  new_id bigint;
BEGIN
  INSERT INTO place (kind, code) VALUES ('handling_unit', p_code) RETURNING id INTO new_id;
  INSERT INTO handling_unit (id, kind, code, in_place_id, bound_to, weight_g) VALUES (new_id, p_kind, p_code, p_in, p_bound, 0);
  INSERT INTO hu_move (id, hu_id, from_place_id, to_place_id, cause, actor, request_id, occurred_at, recorded_at)
  VALUES (p_move, new_id, p_in, p_in, p_cause, p_actor, p_request, p_now, p_now);
  RETURN new_id;
END $$;

-- Puts a handling unit, with all that is in it, into another place. A unit can't end up inside itself.
CREATE FUNCTION hu_put(p_hu bigint, p_to bigint, p_move uuid, p_request uuid, p_cause text, p_actor text,
                       p_occurred timestamptz, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  came_from bigint; above bigint := p_to;
BEGIN
  SELECT in_place_id INTO came_from FROM handling_unit WHERE id = p_hu FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown unit' USING ERRCODE = 'WM005', DETAIL = json_build_object('unit', p_hu)::text;
  END IF;
  WHILE above IS NOT NULL LOOP
    IF above = p_hu THEN
      RAISE EXCEPTION 'unit inside itself' USING ERRCODE = 'WM004', DETAIL = json_build_object('unit', p_hu)::text;
    END IF;
    SELECT in_place_id INTO above FROM handling_unit WHERE id = above FOR UPDATE;
  END LOOP;
  IF came_from <> p_to THEN
    UPDATE handling_unit SET in_place_id = p_to WHERE id = p_hu;
    INSERT INTO hu_move (id, hu_id, from_place_id, to_place_id, cause, actor, request_id, occurred_at, recorded_at)
    VALUES (p_move, p_hu, came_from, p_to, p_cause, p_actor, p_request, p_occurred, p_now);
  END IF;
  RETURN came_from;
END $$;
