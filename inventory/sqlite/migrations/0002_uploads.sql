-- Files that devices have sent. The bytes lie in a folder beside the database; a file there without
-- a row is nobody's, and is swept away.
CREATE TABLE uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    operation_id INTEGER UNIQUE REFERENCES operations ON DELETE SET NULL,
    file_type TEXT NOT NULL,                 -- CWMP FileType, e.g. 2 Vendor Log File
    file_name TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    stored_as TEXT NOT NULL UNIQUE,          -- name of the file in the upload folder
    created REAL NOT NULL
);
CREATE INDEX uploads_device ON uploads (device_id, id);
CREATE INDEX uploads_created ON uploads (created);
