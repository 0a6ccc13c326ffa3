-- The ledger's posting as of migration 0021: it knows serials that need no scan. Takes the place of what ledger.sql made.

-- Serials of lines that name none, where there is no doubt: all that a place holds of a SKU and status moves, or a status
-- changes in place (which of equal units it strikes is decided by their serials' order; a scan of another swaps them).
CREATE FUNCTION serials_told(p_lines jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH given AS (
    SELECT x.value AS line, x.ordinality AS n, (x.value->>'sku')::bigint AS sku, (x.value->>'from')::bigint AS place,
           x.value->>'fs' AS status, (x.value->>'qty')::bigint AS qty,
           (x.value->>'from') = (x.value->>'to') AS stays, jsonb_typeof(x.value->'serials') IS DISTINCT FROM 'array' AS untold
    FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS x(value, ordinality)
  ), asked AS (
    SELECT g.n, g.sku, g.place, g.status, g.qty,
           sum(g.qty) OVER same AS upto, sum(g.qty) OVER (PARTITION BY g.sku, g.place, g.status) AS total, g.stays
    FROM given g JOIN sku ON sku.id = g.sku WHERE g.untold AND sku.serial_policy <> 'none'
    WINDOW same AS (PARTITION BY g.sku, g.place, g.status ORDER BY g.n)
  ), there AS (
    SELECT s.sku_id, s.place_id, s.status, s.serial, row_number() OVER same AS r,
           count(*) OVER (PARTITION BY s.sku_id, s.place_id, s.status) AS units
    FROM serial s WHERE (s.sku_id, s.place_id, s.status) IN (SELECT sku, place, status FROM asked)
    WINDOW same AS (PARTITION BY s.sku_id, s.place_id, s.status ORDER BY s.serial)
  ), found AS (
    SELECT a.n, jsonb_agg(t.serial ORDER BY t.serial) AS serials
    FROM asked a JOIN there t ON t.sku_id = a.sku AND t.place_id = a.place AND t.status = a.status
    WHERE t.r > a.upto - a.qty AND t.r <= a.upto AND (t.units = a.total OR (a.stays AND t.units >= a.total))
    GROUP BY a.n
  )
  SELECT jsonb_agg(CASE WHEN f.n IS NULL THEN g.line ELSE g.line || jsonb_build_object('serials', f.serials) END ORDER BY g.n)
  FROM given g LEFT JOIN found f USING (n)
$$;

-- Posts a batch of movements, all or nothing. p_lines: array of
-- {id, line, sku, lot, owner, from, to, fs, ts, qty, res|null, reason, serials|null}. Returns the number of movements.
CREATE OR REPLACE FUNCTION stock_post(p_lines jsonb, p_request uuid, p_cause text, p_actor text, p_occurred timestamptz,
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
    SELECT 1 FROM jsonb_to_recordset(p_lines) AS l(sku bigint, serials jsonb) JOIN sku ON sku.id = l.sku
    WHERE sku.serial_policy <> 'none' AND jsonb_typeof(l.serials) IS DISTINCT FROM 'array'
  ) THEN
    p_lines := serials_told(p_lines);
  END IF;
  SELECT l.line, l.sku INTO bad FROM jsonb_to_recordset(p_lines) AS l(line bigint, sku bigint, qty bigint, serials jsonb)
  JOIN sku ON sku.id = l.sku
  WHERE (sku.serial_policy IN ('on_receipt', 'always') OR jsonb_typeof(l.serials) = 'array')
    AND CASE WHEN jsonb_typeof(l.serials) = 'array' THEN jsonb_array_length(l.serials) ELSE 0 END <> l.qty
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'serials missing' USING ERRCODE = 'WM003',
      DETAIL = json_build_object('problem', 'count', 'sku', bad.sku, 'serial', '')::text;
  END IF;
  IF jsonb_path_exists(p_lines, '$[*].serials[*]') THEN
    PERFORM serials_follow(p_lines);
  END IF;
  RETURN n;
END $$;

-- Serials of the posted lines: born when they come from a virtual place, gone when they go to one, moved otherwise.
CREATE OR REPLACE FUNCTION serials_follow(p_lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  unit record; from_virtual boolean; to_virtual boolean; policy text; into_kind text;
BEGIN
  FOR unit IN
    SELECT l.id, l.sku, l."from", l."to", l.fs, l.ts, s.value #>> '{}' AS serial
    FROM jsonb_to_recordset(p_lines) AS l(id uuid, sku bigint, "from" bigint, "to" bigint, fs text, ts text, serials jsonb)
    CROSS JOIN LATERAL jsonb_array_elements(l.serials) AS s(value)
    WHERE jsonb_typeof(l.serials) = 'array' ORDER BY l.sku, s.value
  LOOP
    SELECT kind = 'virtual' INTO from_virtual FROM place WHERE id = unit."from";
    SELECT kind = 'virtual' INTO to_virtual FROM place WHERE id = unit."to";
    SELECT serial_policy INTO policy FROM sku WHERE id = unit.sku;
    SELECT coalesce(kind, '') INTO into_kind FROM handling_unit WHERE id = unit."to";
    IF from_virtual THEN
      INSERT INTO serial (sku_id, serial, place_id, status) VALUES (unit.sku, unit.serial, unit."to", unit.ts)
      ON CONFLICT DO NOTHING;
    ELSIF to_virtual OR (policy = 'on_ship' AND into_kind IS DISTINCT FROM 'parcel') THEN  -- on_ship: known in parcels only
      DELETE FROM serial WHERE sku_id = unit.sku AND serial = unit.serial AND place_id = unit."from" AND status = unit.fs;
    ELSE
      UPDATE serial SET place_id = unit."to", status = unit.ts
      WHERE sku_id = unit.sku AND serial = unit.serial AND place_id = unit."from" AND status = unit.fs;
      IF NOT FOUND AND policy = 'on_ship' THEN
        INSERT INTO serial AS s (sku_id, serial, place_id, status) VALUES (unit.sku, unit.serial, unit."to", unit.ts)
        ON CONFLICT (sku_id, serial) DO UPDATE SET place_id = unit."to", status = unit.ts
        WHERE NOT EXISTS (SELECT 1 FROM handling_unit h WHERE h.id = s.place_id AND h.kind = 'parcel');
      ELSIF NOT FOUND THEN  -- its twin was held by number, this one is what was found: they change places
        UPDATE serial t SET status = x.status
        FROM serial x, (
          SELECT y.serial FROM serial y
          WHERE y.sku_id = unit.sku AND y.place_id = unit."from" AND y.status = unit.fs
            AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(p_lines) l WHERE l->'serials' ? y.serial)
          ORDER BY y.serial LIMIT 1
        ) twin
        WHERE x.sku_id = unit.sku AND x.serial = unit.serial AND x.place_id = unit."from" AND x.status <> unit.fs
          AND t.sku_id = unit.sku AND t.serial = twin.serial;
        UPDATE serial SET place_id = unit."to", status = unit.ts
        WHERE FOUND AND sku_id = unit.sku AND serial = unit.serial AND place_id = unit."from";
      END IF;
    END IF;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'serial elsewhere' USING ERRCODE = 'WM003',
        DETAIL = json_build_object('problem', 'elsewhere', 'serial', unit.serial, 'sku', unit.sku)::text;
    END IF;
    INSERT INTO movement_serial (movement_id, serial) VALUES (unit.id, unit.serial);
  END LOOP;
END $$;
