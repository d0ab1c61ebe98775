-- +goose Up
-- One text for SQLite and PostgreSQL. Times are RFC 3339 text in UTC. Nothing here numbers itself: counters hold
-- the last number given. A row version or sighting counts at a finished scan N of its instance when
-- from_scan <= N and (to_scan is null or to_scan > N); what a running scan writes carries that scan's greater number.

CREATE TABLE counter (
    name  text   PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO counter (name, value) VALUES ('scan', 0), ('visit', 0);

CREATE TABLE scan (
    number    bigint PRIMARY KEY,
    instance  text   NOT NULL,
    url       text   NOT NULL,
    version   text   NOT NULL,
    edition   text   NOT NULL,
    scope     json   NOT NULL, -- list of paths; empty is everything
    state     text   NOT NULL, -- running, finished, cancelled, failed
    began     text   NOT NULL,
    ended     text,
    token     json   NOT NULL, -- who scanned; never a value
    detectors text   NOT NULL,
    key_id    text   NOT NULL,
    resumed   bigint NOT NULL,
    requests  bigint NOT NULL,
    rule_pack text   NOT NULL,
    policy    text   NOT NULL,
    digest    text   NOT NULL, -- empty until finished
    previous  text   NOT NULL  -- digest of the finished scan before
);
CREATE INDEX scan_instance ON scan (instance, number);

CREATE TABLE lease (
    instance text   PRIMARY KEY,
    owner    text   NOT NULL, -- host, process and a random part
    scan     bigint NOT NULL,
    taken    text   NOT NULL,
    expires  text   NOT NULL
);

-- A visit is one source in one home; its number keeps sightings and coverage short.
CREATE TABLE visit (
    number   bigint PRIMARY KEY,
    instance text   NOT NULL,
    source   text   NOT NULL,
    home     text   NOT NULL,
    UNIQUE (instance, source, home)
);
CREATE INDEX visit_home ON visit (home);

-- What a visit could see, the same in all scans of the instance from from_scan to last_scan, both included.
CREATE TABLE coverage (
    visit     bigint NOT NULL,
    from_scan bigint NOT NULL,
    last_scan bigint NOT NULL,
    state     text   NOT NULL,
    seen      bigint NOT NULL,
    status    bigint NOT NULL,
    reason    text   NOT NULL,
    needs     text   NOT NULL, -- JSON
    requests  bigint NOT NULL,
    PRIMARY KEY (visit, from_scan)
);
CREATE INDEX coverage_last ON coverage (last_scan);

-- What one visit saw of one row. A null body is that of the row's version with the same hash.
CREATE TABLE sighting (
    visit     bigint NOT NULL,
    kind      text   NOT NULL,
    id        text   NOT NULL,
    from_scan bigint NOT NULL,
    to_scan   bigint,
    hash      text   NOT NULL,
    body      json,
    PRIMARY KEY (visit, kind, id, from_scan)
);
CREATE INDEX sighting_row ON sighting (id, kind);
CREATE INDEX sighting_from ON sighting (from_scan);
-- Open sightings stay out: SQLite would take "to_scan IS NULL" for a good way to find a row.
CREATE INDEX sighting_to ON sighting (to_scan) WHERE to_scan IS NOT NULL;

-- The row itself: its open sightings merged.
CREATE TABLE version (
    instance  text   NOT NULL,
    kind      text   NOT NULL,
    id        text   NOT NULL,
    home      text   NOT NULL,
    from_scan bigint NOT NULL,
    to_scan   bigint,
    hash      text   NOT NULL, -- SHA-256 of body
    key_id    text   NOT NULL, -- of the fingerprint in body; empty is none
    body      json   NOT NULL, -- fields that are unknown or empty are left out
    PRIMARY KEY (id, kind, from_scan)
);
CREATE INDEX version_home ON version (home);
CREATE INDEX version_from ON version (from_scan);
CREATE INDEX version_to ON version (to_scan) WHERE to_scan IS NOT NULL;

-- The last value of facts that change by mere use, with the scan that saw it first. A running scan's value stands
-- beside the last one until that scan ends.
CREATE TABLE volatile (
    instance text   NOT NULL,
    kind     text   NOT NULL,
    id       text   NOT NULL,
    scan     bigint NOT NULL,
    body     json   NOT NULL,
    PRIMARY KEY (id, kind, scan)
);
CREATE INDEX volatile_scan ON volatile (scan);

-- What was derived at the end of a scan: owners, gaps, verdict counts and measures, versioned like rows.
CREATE TABLE result (
    instance  text   NOT NULL,
    kind      text   NOT NULL, -- owner, gap, verdict, measure
    id        text   NOT NULL, -- subject; rule and subject; rule; name and scope
    subject   text   NOT NULL, -- ID of the row, where it is about one
    from_scan bigint NOT NULL,
    to_scan   bigint,
    hash      text   NOT NULL,
    body      json   NOT NULL,
    PRIMARY KEY (instance, kind, id, from_scan)
);
CREATE INDEX result_subject ON result (subject);

CREATE TABLE event (
    instance   text   NOT NULL,
    scan       bigint NOT NULL,
    number     bigint NOT NULL, -- order inside the scan, from 1
    kind       text   NOT NULL,
    subject    text   NOT NULL,
    row_kind   text   NOT NULL,
    home       text   NOT NULL,
    name       text   NOT NULL,
    field      text   NOT NULL,
    from_value text   NOT NULL,
    to_value   text   NOT NULL,
    at         text,
    after      text,
    PRIMARY KEY (scan, number)
);
CREATE INDEX event_subject ON event (subject);

CREATE TABLE pruned (
    instance text   NOT NULL,
    scan     bigint NOT NULL, -- the oldest scan that was kept
    at       text   NOT NULL,
    before   text   NOT NULL,
    digest   text   NOT NULL, -- of the last finished scan that was deleted
    deleted  json   NOT NULL, -- table: rows
    PRIMARY KEY (instance, scan, at)
);

-- Results of detection by content key, kept so that no content is matched twice.
CREATE TABLE content (
    id   text  PRIMARY KEY,
    at   text  NOT NULL,
    body bytea NOT NULL
);
