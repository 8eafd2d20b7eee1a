-- The end of a bulk job is told as well, and a job that its devices made fail may be rolled back.
CREATE TABLE told (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,                -- the receiver knows a repetition by it
    channel TEXT NOT NULL,                   -- webhook or email
    target TEXT NOT NULL,                    -- URL or address
    body TEXT NOT NULL,                      -- JSON, to the letter as it is sent
    operation_id INTEGER,                    -- no references: it outlives what it tells of
    job_id INTEGER,                          -- one of the two
    organization_id INTEGER,                 -- none: of a job of several
    state TEXT NOT NULL,                     -- pending, delivered, failed (given up) or not_sent
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    created REAL NOT NULL,
    last_attempt REAL,
    status_code INTEGER,                     -- of the last answer
    error TEXT,                              -- why the last attempt failed
    CHECK ((operation_id IS NULL) <> (job_id IS NULL))
);
INSERT INTO told (id, key, channel, target, body, operation_id, organization_id, state, attempts,
    due, created, last_attempt, status_code, error)
SELECT id, key, channel, target, body, operation_id, organization_id, state, attempts,
    due, created, last_attempt, status_code, error FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE told RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (channel, target, due) WHERE state = 'pending';
CREATE INDEX deliveries_created ON deliveries (created);
CREATE INDEX deliveries_state ON deliveries (state, created) WHERE state <> 'pending';
CREATE INDEX deliveries_operation ON deliveries (operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX deliveries_job ON deliveries (job_id) WHERE job_id IS NOT NULL;

-- The job that gives devices the rollback image; its filters name the job that it undoes.
ALTER TABLE bulk_jobs ADD COLUMN rollback_id INTEGER REFERENCES bulk_jobs ON DELETE SET NULL;
