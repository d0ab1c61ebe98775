-- +goose Up
-- For people who bring their own SQL; docs/database.md describes both. A subquery in a view is planned for each
-- of its readers, so counts are joined as groups: one pass instead of one per row. The casts give what they join by a
-- type: SQLite indexes no expression without one.

CREATE VIEW latest_scan AS
SELECT instance, max(number) AS scan FROM scan WHERE state = 'finished' GROUP BY instance;

CREATE VIEW latest_row AS
SELECT v.instance, v.kind, v.id, v.home, v.body
FROM version v JOIN latest_scan n ON n.instance = v.instance
WHERE v.from_scan <= n.scan AND (v.to_scan IS NULL OR v.to_scan > n.scan);

CREATE VIEW latest_result AS
SELECT r.instance, r.kind, r.id, r.subject, r.body
FROM result r JOIN latest_scan n ON n.instance = r.instance
WHERE r.from_scan <= n.scan AND (r.to_scan IS NULL OR r.to_scan > n.scan);

CREATE VIEW latest_volatile AS
SELECT u.kind, u.id, u.body
FROM volatile u JOIN latest_scan n ON n.instance = u.instance
WHERE u.scan = (SELECT max(w.scan) FROM volatile w WHERE w.id = u.id AND w.kind = u.kind AND w.scan <= n.scan);

CREATE VIEW inventory AS
SELECT c.id AS id,
       c.body ->> 'kind' AS kind,
       coalesce(c.body ->> 'name', '') AS name,
       h.body ->> 'path' AS home,
       coalesce(nullif(o.body ->> 'owner', ''), nullif(p.body ->> 'owner', '')) AS owner,
       CAST(coalesce(o.body ->> 'confidence', p.body ->> 'confidence') AS double precision) AS owner_confidence,
       c.body ->> 'scope' AS scope,
       CAST(c.body ->> 'access_level' AS bigint) AS access_level,
       c.body ->> 'created_at' AS created_at,
       c.body ->> 'expires_at' AS expires_at,
       u.body ->> 'last_used_at' AS last_used_at,
       coalesce(c.body ->> 'state', 'unknown') AS state,
       coalesce(l.count, 0) AS locations,
       coalesce(g.count, 0) AS open_gaps
FROM latest_row c
LEFT JOIN latest_row h ON h.kind = 'home' AND h.id = c.home
LEFT JOIN latest_result o ON o.kind = 'owner' AND o.instance = c.instance AND o.id = c.id
LEFT JOIN latest_result p ON p.kind = 'owner' AND p.instance = c.instance AND p.id = c.body ->> 'identity'
LEFT JOIN latest_volatile u ON u.kind = c.kind AND u.id = c.id
LEFT JOIN (SELECT CAST(body ->> 'credential' AS text) AS id, count(*) AS count FROM latest_row
           WHERE kind = 'location' AND body ->> 'credential' IS NOT NULL GROUP BY body ->> 'credential') l ON l.id = c.id
LEFT JOIN (SELECT subject AS id, count(*) AS count FROM latest_result WHERE kind = 'gap' GROUP BY subject) g ON g.id = c.id
WHERE c.kind = 'credential'
UNION ALL
SELECT i.id,
       i.body ->> 'kind',
       coalesce(i.body ->> 'name', ''),
       h.body ->> 'path',
       nullif(o.body ->> 'owner', ''),
       CAST(o.body ->> 'confidence' AS double precision),
       NULL,
       CAST(i.body ->> 'access_level' AS bigint),
       i.body ->> 'created_at',
       NULL,
       u.body ->> 'last_used_at',
       coalesce(i.body ->> 'state', 'unknown'),
       0,
       coalesce(g.count, 0)
FROM latest_row i
LEFT JOIN (SELECT DISTINCT CAST(body ->> 'identity' AS text) AS id FROM latest_row
           WHERE kind = 'credential' AND body ->> 'identity' IS NOT NULL) c ON c.id = i.id
LEFT JOIN latest_row h ON h.kind = 'home' AND h.id = i.home
LEFT JOIN latest_result o ON o.kind = 'owner' AND o.instance = i.instance AND o.id = i.id
LEFT JOIN latest_volatile u ON u.kind = i.kind AND u.id = i.id
LEFT JOIN (SELECT subject AS id, count(*) AS count FROM latest_result WHERE kind = 'gap' GROUP BY subject) g ON g.id = i.id
WHERE i.kind = 'identity' AND c.id IS NULL;

CREATE VIEW workflows AS
SELECT h.body ->> 'path' AS project,
       w.body ->> 'job' AS job,
       w.body ->> 'system' AS system,
       w.body ->> 'operation' AS operation,
       w.body ->> 'workload' AS identity,
       w.body ->> 'credential' AS credential,
       coalesce(nullif(o.body ->> 'owner', ''), nullif(p.body ->> 'owner', '')) AS owner,
       w.body ->> 'scope' AS scope,
       w.body ->> 'least_scope' AS least_scope,
       c.body ->> 'expires_at' AS expires_at
FROM latest_row w
LEFT JOIN latest_row h ON h.kind = 'home' AND h.id = w.home
LEFT JOIN latest_row c ON c.kind = 'credential' AND c.id = w.body ->> 'credential'
LEFT JOIN latest_result o ON o.kind = 'owner' AND o.instance = w.instance AND o.id = w.body ->> 'workload'
LEFT JOIN latest_result p ON p.kind = 'owner' AND p.instance = w.instance AND p.id = w.body ->> 'credential'
WHERE w.kind = 'usage' AND (w.body ->> 'system' IS NOT NULL OR w.body ->> 'credential' IS NOT NULL);
