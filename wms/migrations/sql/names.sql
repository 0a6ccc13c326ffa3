-- Names for pieces that lay there before their SKU kept serials (docs/decisions/0012-names.md), as of migration 0028. Takes
-- the place of what serials.sql made. Refusals: WM007 the SKU keeps no serials, WM008 fewer pieces without a name than
-- names, WM009 a name that another piece has.
-- The book knows serials by place, SKU and status: of the lots and owners there, which has which it does not say.

CREATE FUNCTION serials_named(p_serials jsonb) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(p_serials) = 'array' THEN jsonb_array_length(p_serials) ELSE 0 END
$$;

-- Pieces without a name of a SKU and status in a place; less than none: names without a piece.
CREATE FUNCTION stock_unnamed(p_sku bigint, p_place bigint, p_status text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce((SELECT sum(qty_each) FROM stock_balance WHERE sku_id = p_sku AND place_id = p_place AND status = p_status), 0)::bigint
       - (SELECT count(*) FROM serial WHERE sku_id = p_sku AND place_id = p_place AND status = p_status)
$$;

-- Whether pieces without a name may take this step once it is posted: their status changes where they lie, they leave the
-- book, or they were on their way for an order and all of them go on together. From place to place a piece takes its name.
CREATE FUNCTION nameless_may_go(p_sku bigint, p_from bigint, p_to bigint, p_status text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (SELECT kind <> 'virtual' FROM place WHERE id = p_from) AND (
    p_from = p_to OR (SELECT kind = 'virtual' FROM place WHERE id = p_to)
    OR EXISTS (SELECT 1 FROM handling_unit WHERE id = p_from AND bound_to IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM stock_balance
                       WHERE sku_id = p_sku AND place_id = p_from AND status = p_status AND qty_each > 0))
$$;

-- Gives names to pieces of one balance that have none: a movement in its place. p_named: {id, line, place, sku, lot, owner,
-- status, serials}. Returns how many.
CREATE FUNCTION stock_name(p_named jsonb, p_request uuid, p_cause text, p_actor text, p_occurred timestamptz,
                           p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  one record; n integer; unnamed bigint; given text[];
BEGIN
  SELECT * INTO one FROM jsonb_to_record(p_named) AS l(id uuid, line bigint, place bigint, sku bigint, lot bigint,
         owner bigint, status text, serials jsonb);
  n := serials_named(one.serials);
  IF NOT EXISTS (SELECT 1 FROM sku WHERE id = one.sku AND serial_policy IN ('on_receipt', 'always')) THEN
    RAISE EXCEPTION 'keeps no serials' USING ERRCODE = 'WM007', DETAIL = json_build_object('sku', one.sku)::text;
  END IF;
  INSERT INTO movement (id, request_id, line, sku_id, lot_id, owner_id, from_place_id, to_place_id, from_status, to_status,
                        qty_each, reason, cause, actor, occurred_at, recorded_at)
  VALUES (one.id, p_request, one.line, one.sku, one.lot, one.owner, one.place, one.place, one.status, one.status,
          n, 'named', p_cause, p_actor, p_occurred, p_now);
  PERFORM 1 FROM stock_balance WHERE place_id = one.place AND sku_id = one.sku AND status = one.status
  ORDER BY lot_id, owner_id FOR UPDATE;
  SELECT coalesce(least(min(b.qty_each), stock_unnamed(one.sku, one.place, one.status)), 0) INTO unnamed
  FROM stock_balance b WHERE b.place_id = one.place AND b.sku_id = one.sku AND b.lot_id = one.lot
    AND b.owner_id = one.owner AND b.status = one.status;
  IF n > unnamed THEN
    RAISE EXCEPTION 'too many names' USING ERRCODE = 'WM008',
      DETAIL = json_build_object('names', n, 'unnamed_each', unnamed)::text;
  END IF;
  WITH born AS (
    INSERT INTO serial (sku_id, serial, place_id, status)
    SELECT one.sku, s.value, one.place, one.status FROM jsonb_array_elements_text(one.serials) AS s(value) ORDER BY s.value
    ON CONFLICT DO NOTHING RETURNING serial
  ) SELECT array_agg(serial) INTO given FROM born;
  IF coalesce(cardinality(given), 0) < n THEN  -- known, or told twice
    RAISE EXCEPTION 'name taken' USING ERRCODE = 'WM009', DETAIL = json_build_object('serial', (
      SELECT min(s.value) FROM jsonb_array_elements_text(one.serials) AS s(value)
      WHERE s.value <> ALL (coalesce(given, '{}')) OR s.value IN (
        SELECT x.value FROM jsonb_array_elements_text(one.serials) AS x(value) GROUP BY x.value HAVING count(*) > 1)))::text;
  END IF;
  INSERT INTO movement_serial (movement_id, serial) SELECT one.id, unnest(given);
  RETURN n;
END $$;

-- Serials of lines that name none, where there is no doubt: all that a place holds of a SKU and status moves, or a status
-- changes in place (which of equal units it strikes is decided by their serials' order, those without one first; a scan
-- of another swaps them). What has no name leaves the book without, and goes on without for the order that it is bound to.
CREATE OR REPLACE FUNCTION serials_told(p_lines jsonb) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH given AS (
    SELECT x.value AS line, x.ordinality AS n, (x.value->>'sku')::bigint AS sku, (x.value->>'from')::bigint AS place,
           (x.value->>'to')::bigint AS into_place, x.value->>'fs' AS status, (x.value->>'qty')::bigint AS qty,
           (x.value->>'from') = (x.value->>'to') AS stays, jsonb_typeof(x.value->'serials') IS DISTINCT FROM 'array' AS untold
    FROM jsonb_array_elements(p_lines) WITH ORDINALITY AS x(value, ordinality)
  ), asked AS (
    SELECT g.*, sku.serial_policy IN ('on_receipt', 'always') AS kept, sum(g.qty) OVER same AS upto,
           sum(g.qty) OVER (PARTITION BY g.sku, g.place, g.status) AS total
    FROM given g JOIN sku ON sku.id = g.sku WHERE g.untold AND sku.serial_policy <> 'none'
    WINDOW same AS (PARTITION BY g.sku, g.place, g.status ORDER BY g.n)
  ), there AS (
    SELECT s.sku_id, s.place_id, s.status, s.serial, row_number() OVER same AS r
    FROM serial s WHERE (s.sku_id, s.place_id, s.status) IN (SELECT sku, place, status FROM asked)
    WINDOW same AS (PARTITION BY s.sku_id, s.place_id, s.status ORDER BY s.serial)
  ), pool AS (
    SELECT a.*, (SELECT count(*) FROM there t WHERE (t.sku_id, t.place_id, t.status) = (a.sku, a.place, a.status)) AS units,
           CASE WHEN a.kept THEN greatest(stock_unnamed(a.sku, a.place, a.status) + a.total, 0) ELSE 0 END AS nameless
    FROM asked a
  ), sure AS (
    SELECT p.*, CASE WHEN p.stays THEN p.nameless ELSE 0 END AS skip FROM pool p
    WHERE (p.units = p.total AND p.nameless = 0) OR (p.stays AND (p.kept OR p.units >= p.total))
       OR (p.kept AND (p.units = 0 OR p.units <= p.total AND p.into_place <> p.place)
           AND nameless_may_go(p.sku, p.place, p.into_place, p.status)
           AND (p.units = 0 OR stock_unnamed(p.sku, p.place, p.status) = -p.units))
  ), found AS (
    SELECT s.n, coalesce(jsonb_agg(t.serial ORDER BY t.serial) FILTER (WHERE t.serial IS NOT NULL), '[]') AS serials
    FROM sure s LEFT JOIN there t ON t.sku_id = s.sku AND t.place_id = s.place AND t.status = s.status
      AND t.r > s.upto - s.qty - s.skip AND t.r <= s.upto - s.skip
    GROUP BY s.n
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
  side record; bad record; n integer; loose boolean;
BEGIN
  SELECT EXISTS (
    SELECT 1 FROM jsonb_to_recordset(p_lines) AS l(sku bigint, qty bigint, serials jsonb)
    JOIN sku ON sku.id = l.sku AND sku.serial_policy IN ('on_receipt', 'always') WHERE serials_named(l.serials) < l.qty
  ) INTO loose;  -- pieces may go without a name: then the rows that share a place's names are locked along
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
      UNION ALL
      SELECT b.place_id, b.sku_id, b.lot_id, b.owner_id, b.status, 0, 0 FROM stock_balance b
      WHERE loose AND (b.place_id, b.sku_id, b.status) IN (
        SELECT l."from", l.sku, l.fs FROM jsonb_to_recordset(p_lines) AS l(sku bigint, "from" bigint, fs text))
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
  SELECT l.line, l.sku INTO bad
  FROM jsonb_to_recordset(p_lines) AS l(line bigint, sku bigint, "from" bigint, "to" bigint, fs text, qty bigint, serials jsonb)
  JOIN sku ON sku.id = l.sku
  WHERE CASE WHEN sku.serial_policy IN ('on_receipt', 'always')
    THEN serials_named(l.serials) <> l.qty AND NOT (jsonb_typeof(l.serials) = 'array' AND serials_named(l.serials) < l.qty
                                                    AND nameless_may_go(l.sku, l."from", l."to", l.fs))
    ELSE jsonb_typeof(l.serials) = 'array' AND serials_named(l.serials) <> l.qty END
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'serials missing' USING ERRCODE = 'WM003',
      DETAIL = json_build_object('problem', 'count', 'sku', bad.sku, 'serial', '')::text;
  END IF;
  IF jsonb_path_exists(p_lines, '$[*].serials[*]') THEN
    PERFORM serials_follow(p_lines);
  END IF;
  IF loose THEN
    SELECT l.sku INTO bad FROM jsonb_to_recordset(p_lines) AS l(sku bigint, "from" bigint, fs text, qty bigint, serials jsonb)
    JOIN sku ON sku.id = l.sku AND sku.serial_policy IN ('on_receipt', 'always')
    WHERE serials_named(l.serials) < l.qty AND stock_unnamed(l.sku, l."from", l.fs) < 0
    LIMIT 1;
    IF FOUND THEN  -- fewer pieces without a name than went
      RAISE EXCEPTION 'serials missing' USING ERRCODE = 'WM003',
        DETAIL = json_build_object('problem', 'count', 'sku', bad.sku, 'serial', '')::text;
    END IF;
  END IF;
  RETURN n;
END $$;
