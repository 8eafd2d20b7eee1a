-- The inventory's first schema. Times are Unix seconds, device values are text, sealed columns
-- hold bytes of inventory.secrets. Never edited after a release: a change is a new file.

-- What people call by its number never hands it on to another: hence AUTOINCREMENT.
CREATE TABLE organizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    description TEXT,
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    created REAL NOT NULL,
    last_change REAL NOT NULL
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL UNIQUE,             -- SHA-256 of the secret; the secret is never kept
    role TEXT NOT NULL,
    created REAL NOT NULL,
    created_by TEXT,
    expires REAL,
    last_used REAL,
    revoked REAL
);

CREATE TABLE token_organizations (           -- no rows: the token is bound to none and sees all
    token_id INTEGER NOT NULL REFERENCES tokens ON DELETE CASCADE,
    organization_id INTEGER NOT NULL REFERENCES organizations ON DELETE CASCADE,
    PRIMARY KEY (token_id, organization_id)
);

CREATE TABLE firmware_images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL,
    file_type TEXT NOT NULL,                 -- CWMP FileType, e.g. "1 Firmware Upgrade Image"
    file_name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    stored_as TEXT NOT NULL UNIQUE,          -- name of the file in the image folder
    description TEXT,
    created REAL NOT NULL,
    last_change REAL NOT NULL
);

CREATE TABLE device_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    short_name TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    match_manufacturer TEXT,                 -- NULL matches all; `*` is a wildcard
    match_oui TEXT,
    match_product_class TEXT,
    match_software_version TEXT,
    match_hardware_version TEXT,
    match_order INTEGER NOT NULL DEFAULT 0,  -- lower is asked first, then id
    firmware_image_id INTEGER REFERENCES firmware_images ON DELETE SET NULL,
    update_frequency INTEGER,
    services TEXT NOT NULL DEFAULT '{}',     -- JSON: service name -> parameters that restart it
    username TEXT,                           -- credentials that its devices share toward the ACS
    password BLOB,
    onboarding_policy TEXT NOT NULL DEFAULT 'open',
    onboarding_username TEXT,
    onboarding_password BLOB,
    allow_basic_connection_request BOOLEAN NOT NULL DEFAULT FALSE,
    revision INTEGER NOT NULL DEFAULT 1,     -- of the template
    rollout_after INTEGER,                   -- a change has been told to its devices up to this id
    created REAL NOT NULL,
    last_change REAL NOT NULL
);

CREATE TABLE device_type_parameters (        -- the template
    type_id INTEGER NOT NULL REFERENCES device_types ON DELETE CASCADE,
    path TEXT NOT NULL,                      -- with its root, so one type serves both data models
    value TEXT,                              -- NULL: only the notification is wanted
    sealed BLOB,                             -- instead of value, for secret names
    value_type TEXT,
    notification INTEGER,
    PRIMARY KEY (type_id, path)
);

CREATE TABLE locations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id INTEGER NOT NULL REFERENCES organizations,
    name TEXT NOT NULL,
    short_name TEXT,
    description TEXT,
    address TEXT,
    latitude TEXT,
    longitude TEXT,
    created REAL NOT NULL,
    last_change REAL NOT NULL,
    UNIQUE (organization_id, name)
);

CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    organization_id INTEGER NOT NULL REFERENCES organizations,
    type_id INTEGER REFERENCES device_types ON DELETE SET NULL,
    location_id INTEGER REFERENCES locations ON DELETE SET NULL,
    customer_id TEXT,
    description TEXT,
    is_active BOOLEAN NOT NULL DEFAULT TRUE,
    debug BOOLEAN NOT NULL DEFAULT FALSE,
    latitude TEXT,
    longitude TEXT,
    update_frequency INTEGER,                -- seconds; NULL: the type's, else the default
    firmware_image_id INTEGER REFERENCES firmware_images ON DELETE SET NULL,
    firmware_image_is_pending BOOLEAN NOT NULL DEFAULT FALSE,
    -- who the device is; unique_identifier is set once a session has shown it
    unique_identifier TEXT UNIQUE,
    manufacturer TEXT,
    oui TEXT,
    product_class TEXT,
    serial_number TEXT,
    serial_number_alt TEXT,
    identity_conflict REAL,                  -- since when two devices claim to be this one
    -- what it last told
    root TEXT,                               -- Device. or InternetGatewayDevice.
    protocol TEXT,                           -- CWMP version, e.g. 1.2
    software_version TEXT,
    hardware_version TEXT,
    address TEXT,
    connection_request_url TEXT,
    inform_values BLOB,                      -- msgpack of the Inform's parameters: path, value, type
    last_boot REAL,
    -- credentials toward the ACS; the older pair stays valid until the newer one is proved
    username TEXT,
    password BLOB,
    previous_username TEXT,
    previous_password BLOB,
    -- credentials of connection requests; the older password likewise
    request_username TEXT,
    request_password BLOB,
    previous_request_password BLOB,
    -- configuration: ParameterKey as confirmed, as sent and not yet answered, as last reported
    key_confirmed TEXT,
    key_outstanding TEXT,
    key_reported TEXT,
    keeps_key BOOLEAN,                       -- NULL: not known yet
    drift_since REAL,                        -- a foreign ParameterKey, or a value that differs
    settings_pending REAL,                   -- a wanted setting is not confirmed since then
    reboot_wanted REAL,                      -- SetParameterValues answered Status 1 since then
    applied_revision TEXT,                   -- of the wanted configuration last applied whole
    get_batch INTEGER,                       -- names in one GetParameterValues that it can bear
    bootstrap_day INTEGER NOT NULL DEFAULT 0,   -- day number and count of whole re-applications
    bootstrap_count INTEGER NOT NULL DEFAULT 0,
    last_configuration REAL,
    last_change REAL NOT NULL,
    created REAL NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,      -- counts changes of the record, Informs aside
    search_text TEXT NOT NULL GENERATED ALWAYS AS (
        lower(name || char(10) || coalesce(serial_number, '') || char(10)
            || coalesce(serial_number_alt, '') || char(10) || coalesce(address, '') || char(10)
            || coalesce(customer_id, ''))
    ) STORED
);
CREATE INDEX devices_organization ON devices (organization_id, id);
CREATE INDEX devices_type ON devices (type_id, id);
CREATE INDEX devices_location ON devices (location_id, id);
CREATE INDEX devices_serial ON devices (serial_number, id);
CREATE INDEX devices_serial_alt ON devices (serial_number_alt, id) WHERE serial_number_alt IS NOT NULL;
CREATE INDEX devices_customer ON devices (customer_id, id) WHERE customer_id IS NOT NULL;
CREATE INDEX devices_address ON devices (address, id);
CREATE INDEX devices_username ON devices (username) WHERE username IS NOT NULL;
CREATE INDEX devices_software ON devices (software_version, id);
CREATE INDEX devices_product ON devices (product_class, id);
CREATE INDEX devices_manufacturer ON devices (manufacturer, id);
CREATE INDEX devices_created ON devices (created, id);
CREATE INDEX devices_firmware ON devices (firmware_image_id, id)
    WHERE firmware_image_id IS NOT NULL;
CREATE INDEX devices_active ON devices (is_active, id);
CREATE INDEX devices_pending ON devices (id) WHERE firmware_image_is_pending
    OR reboot_wanted IS NOT NULL OR drift_since IS NOT NULL OR settings_pending IS NOT NULL;

-- Search for a part of a name, serial number, address or customer id, by trigrams: 0.1 ms instead
-- of 40 among 100,000 devices. What is shorter than three characters reads the column itself.
CREATE VIRTUAL TABLE device_search USING fts5(
    search_text, content = 'devices', content_rowid = 'id', tokenize = 'trigram'
);
CREATE TRIGGER device_search_insert AFTER INSERT ON devices BEGIN
    INSERT INTO device_search (rowid, search_text) VALUES (new.id, new.search_text);
END;
CREATE TRIGGER device_search_delete AFTER DELETE ON devices BEGIN
    INSERT INTO device_search (device_search, rowid, search_text)
    VALUES ('delete', old.id, old.search_text);
END;
CREATE TRIGGER device_search_update
AFTER UPDATE OF name, serial_number, serial_number_alt, address, customer_id ON devices
WHEN old.search_text <> new.search_text BEGIN
    INSERT INTO device_search (device_search, rowid, search_text)
    VALUES ('delete', old.id, old.search_text);
    INSERT INTO device_search (rowid, search_text) VALUES (new.id, new.search_text);
END;

-- What changes with every Inform: narrow, and without an index on what it changes, on purpose.
CREATE TABLE presence (
    device_id INTEGER PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    is_up BOOLEAN NOT NULL,
    status_change REAL NOT NULL,
    last_inform REAL,
    session_id TEXT,                         -- the one session that may speak for the device
    interval_s INTEGER NOT NULL,             -- its actual periodic inform interval
    told INTEGER NOT NULL DEFAULT 0,         -- digest of the last Inform's lasting content
    last_events TEXT NOT NULL DEFAULT ''     -- to tell a repeated Inform from a new one
);
CREATE INDEX presence_down ON presence (device_id) WHERE NOT is_up;  -- touched by a change of status alone

CREATE TABLE device_settings (               -- a device's own wanted values
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    path TEXT NOT NULL,
    value TEXT,
    sealed BLOB,                             -- instead of value, for secret names
    value_type TEXT,
    last_change REAL NOT NULL,
    PRIMARY KEY (device_id, path)
);

CREATE TABLE drift (                         -- wanted and read values that differ
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    path TEXT NOT NULL,
    wanted TEXT,
    found TEXT,
    since REAL NOT NULL,
    corrections INTEGER NOT NULL DEFAULT 0,  -- how often it was set and read back different
    set_aside BOOLEAN NOT NULL DEFAULT FALSE,
    is_write_only BOOLEAN NOT NULL DEFAULT FALSE,  -- taken, and reads back empty: no drift
    PRIMARY KEY (device_id, path)
);

CREATE TABLE operations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,                -- op_…: also the CommandKey on the wire
    device_id INTEGER REFERENCES devices ON DELETE CASCADE,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,                    -- person, job or system
    priority INTEGER NOT NULL,               -- lower goes first, then the older one
    state TEXT NOT NULL,
    is_exclusive BOOLEAN NOT NULL,           -- reboot, resets and transfers exclude one another
    request TEXT NOT NULL,                   -- JSON
    created REAL NOT NULL,
    created_by TEXT,
    due REAL NOT NULL,                       -- not before this time
    expires REAL NOT NULL,                   -- not started by then: expired
    started REAL,
    deadline REAL,                           -- running and not finished by then: failed
    completed REAL,
    attempts INTEGER NOT NULL DEFAULT 0,     -- sessions that it was sent in
    awaits TEXT,                             -- running, but the device must first report this
    evidence TEXT,                           -- JSON: what was sent, and what proves its effect
    progress INTEGER NOT NULL DEFAULT 0,
    error TEXT,                              -- JSON
    parent_id INTEGER REFERENCES operations ON DELETE SET NULL,  -- recurring, of which it is a run
    group_id INTEGER,                        -- first operation of an order for several devices
    job_id INTEGER,                          -- bulk job that it was queued by
    notifies BOOLEAN NOT NULL DEFAULT FALSE, -- somebody is to be told of its end
    CHECK (state IN ('scheduled', 'pending', 'running', 'completed', 'failed', 'cancelled', 'expired'))
);
CREATE INDEX operations_open ON operations (device_id, priority, id, state)
    WHERE state IN ('scheduled', 'pending', 'running');
CREATE INDEX operations_history ON operations (device_id, id);
CREATE INDEX operations_due ON operations (due) WHERE state = 'scheduled';
CREATE INDEX operations_expiry ON operations (expires) WHERE state IN ('scheduled', 'pending');
CREATE INDEX operations_deadline ON operations (deadline) WHERE state = 'running';
CREATE INDEX operations_created ON operations (created);
-- Lists, the newest first; the server's own operations are shown only where their kind is asked for.
CREATE INDEX operations_shown ON operations (created) WHERE origin <> 'system';
CREATE INDEX operations_state ON operations (state, created) WHERE origin <> 'system';
CREATE INDEX operations_kind ON operations (kind, created);
CREATE INDEX operations_waiting ON operations (device_id, kind)
    WHERE state IN ('scheduled', 'pending', 'running')
    AND kind IN ('reboot', 'factory', 'device_factory', 'sync', 'reconf')
    AND COALESCE(awaits, '') <> 'schedule';
CREATE INDEX operations_parent ON operations (parent_id, id) WHERE parent_id IS NOT NULL;
CREATE INDEX operations_group ON operations (group_id, id) WHERE group_id IS NOT NULL;
CREATE INDEX operations_job_waiting ON operations (job_id, created)
    WHERE job_id IS NOT NULL AND state IN ('scheduled', 'pending');
CREATE INDEX operations_job_running ON operations (job_id)
    WHERE job_id IS NOT NULL AND state = 'running';

CREATE TABLE operation_results (
    operation_id INTEGER PRIMARY KEY REFERENCES operations ON DELETE CASCADE,
    body BLOB NOT NULL                       -- compressed msgpack
);

-- What somebody is to be told, written in the unit in which its cause happened.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,                -- the receiver knows a repetition by it
    channel TEXT NOT NULL,                   -- webhook or email
    target TEXT NOT NULL,                    -- URL or address
    body TEXT NOT NULL,                      -- JSON, to the letter as it is sent
    operation_id INTEGER NOT NULL,           -- no references: it outlives what it tells of
    organization_id INTEGER NOT NULL,
    state TEXT NOT NULL,                     -- pending, delivered, failed (given up) or not_sent
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    created REAL NOT NULL,
    last_attempt REAL,
    status_code INTEGER,                     -- of the last answer
    error TEXT                               -- why the last attempt failed
);
CREATE INDEX deliveries_due ON deliveries (channel, target, due) WHERE state = 'pending';
CREATE INDEX deliveries_created ON deliveries (created);
CREATE INDEX deliveries_state ON deliveries (state, created) WHERE state <> 'pending';
CREATE INDEX deliveries_operation ON deliveries (operation_id);

-- Work over many devices. Its targets are fixed, as rows, when it starts.
CREATE TABLE bulk_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    operation_type TEXT NOT NULL,
    state TEXT NOT NULL,                     -- scheduled, in_progress, paused or a final one
    request TEXT NOT NULL,                   -- JSON: what is done on each device
    filters TEXT NOT NULL,                   -- JSON, types and organizations by id
    options TEXT NOT NULL,                   -- JSON
    schedule TEXT,                           -- JSON: cron and timezone; each run is a job of its own
    priority INTEGER NOT NULL,
    due REAL NOT NULL,
    created REAL NOT NULL,
    created_by TEXT,
    updated REAL NOT NULL,
    started REAL,
    deadline REAL,                           -- ends the job
    completed REAL,
    reason TEXT,                             -- why it failed
    planned_to INTEGER NOT NULL DEFAULT 0,   -- devices up to this id have been looked at
    is_planned BOOLEAN NOT NULL DEFAULT FALSE,
    is_settled BOOLEAN NOT NULL DEFAULT FALSE,  -- final, and nothing of it is left in a queue
    total INTEGER NOT NULL DEFAULT 0,
    processed INTEGER NOT NULL DEFAULT 0,    -- failed ones included
    failed INTEGER NOT NULL DEFAULT 0,
    parent_id INTEGER REFERENCES bulk_jobs ON DELETE SET NULL
);
CREATE INDEX bulk_jobs_open ON bulk_jobs (id) WHERE NOT is_settled;
CREATE INDEX bulk_jobs_created ON bulk_jobs (created);

CREATE TABLE bulk_job_organizations (        -- no rows: all of them
    job_id INTEGER NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    organization_id INTEGER NOT NULL,
    PRIMARY KEY (job_id, organization_id)
);

CREATE TABLE bulk_targets (
    job_id INTEGER NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    device_id INTEGER NOT NULL,              -- no reference: a deleted device is a failed target
    name TEXT NOT NULL,                      -- and is still told of
    was_up BOOLEAN NOT NULL,                 -- those go first
    state TEXT NOT NULL,                     -- waiting, open, completed, failed or cancelled
    operation_id INTEGER,
    cause TEXT,                              -- of the failure, as the summary counts it
    report TEXT,                             -- JSON, where no operation holds the result
    ended REAL,
    PRIMARY KEY (job_id, device_id)
);
CREATE INDEX bulk_targets_waiting ON bulk_targets (job_id, was_up DESC, device_id)
    WHERE state = 'waiting';
CREATE INDEX bulk_targets_open ON bulk_targets (job_id, device_id) WHERE state = 'open';

CREATE TABLE bulk_errors (                   -- failed targets of a job, by cause
    job_id INTEGER NOT NULL REFERENCES bulk_jobs ON DELETE CASCADE,
    cause TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (job_id, cause)
);

-- What the device holds, in sections by the order of the paths (see inventory.sections).
CREATE TABLE parameter_names (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE
);

CREATE TABLE device_values (
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    section TEXT NOT NULL,
    version INTEGER NOT NULL,
    names INTEGER NOT NULL,                  -- how many the body holds
    body BLOB NOT NULL,
    PRIMARY KEY (device_id, section)
);

CREATE TABLE models (                        -- types and writable flags, once per software version
    id INTEGER PRIMARY KEY,
    manufacturer TEXT NOT NULL,
    oui TEXT NOT NULL,
    product_class TEXT NOT NULL,
    software_version TEXT NOT NULL,
    UNIQUE (oui, product_class, software_version, manufacturer)
);

CREATE TABLE model_parameters (
    model_id INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    section TEXT NOT NULL,
    version INTEGER NOT NULL,
    names INTEGER NOT NULL,                  -- how many the body holds
    body BLOB NOT NULL,
    PRIMARY KEY (model_id, section)
);

CREATE TABLE parameter_index (               -- the few parameters that are searched over the fleet
    name_id INTEGER NOT NULL REFERENCES parameter_names,
    value TEXT NOT NULL,
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    PRIMARY KEY (name_id, value, device_id)
);
CREATE INDEX parameter_index_device ON parameter_index (device_id);

CREATE TABLE unknown_names (                 -- refused with 9005, remembered for a day
    model_id INTEGER NOT NULL REFERENCES models ON DELETE CASCADE,
    path TEXT NOT NULL,
    seen REAL NOT NULL,
    PRIMARY KEY (model_id, path)
);

CREATE TABLE sessions (                      -- those with something to tell; quiet ones leave no row
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL,
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    started REAL NOT NULL,
    ended REAL NOT NULL,
    outcome TEXT NOT NULL,                   -- closed, timeout, superseded, lost, error, shutdown
    address TEXT NOT NULL,
    events TEXT NOT NULL,                    -- JSON
    retry_count INTEGER NOT NULL,
    rpcs TEXT NOT NULL,                      -- JSON: each message's direction, name, result
    faults INTEGER NOT NULL,
    notes TEXT NOT NULL,                     -- JSON: forgiven device errors
    transcript BLOB                          -- compressed; only while the device's debug is on
);
CREATE INDEX sessions_device ON sessions (device_id, id);
CREATE INDEX sessions_ended ON sessions (ended);

CREATE TABLE device_log (
    id INTEGER PRIMARY KEY,
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    time REAL NOT NULL,
    kind TEXT NOT NULL,                      -- event, operation, alert, fault, status, session
    text TEXT NOT NULL,
    details TEXT                             -- JSON
);
CREATE INDEX device_log_device ON device_log (device_id, id);
CREATE INDEX device_log_time ON device_log (time);

CREATE TABLE connection_requests (           -- the last one of each device
    device_id INTEGER PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    time REAL NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL
);

CREATE TABLE audit (                         -- append only
    id INTEGER PRIMARY KEY,
    time REAL NOT NULL,
    actor TEXT NOT NULL,
    source TEXT,                             -- the caller's address
    request_id TEXT,
    action TEXT NOT NULL,
    object TEXT NOT NULL,                    -- kind of object
    object_key TEXT NOT NULL,
    organization_id INTEGER,                 -- no reference: the audit outlives what it tells of
    outcome TEXT NOT NULL,
    details TEXT                             -- JSON, without secrets
);
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_object ON audit (object, object_key, id);

CREATE TABLE idempotency_keys (
    token_id INTEGER NOT NULL REFERENCES tokens ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_digest TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (token_id, key)
);
CREATE INDEX idempotency_created ON idempotency_keys (created);

INSERT INTO organizations (id, name, description, is_default, created, last_change)
VALUES (1, 'Default', 'Devices that register themselves', TRUE, 0, 0);
