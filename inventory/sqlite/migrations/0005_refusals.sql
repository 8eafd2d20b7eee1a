-- Devices that were not let in: one row for each kind of refusal, however often it happens, so that
-- a stranger cannot fill the disk.
CREATE TABLE refusals (
    device_id INTEGER NOT NULL REFERENCES devices ON DELETE CASCADE,
    is_onboarding BOOLEAN NOT NULL,          -- by its type's onboarding credentials, else by wrong ones
    since REAL NOT NULL,                     -- the first one after it was let in the last time
    last REAL NOT NULL,
    count INTEGER NOT NULL,                  -- since then
    address TEXT NOT NULL,                   -- where the last one came from
    logged REAL NOT NULL,                    -- when the device's log last had a line of it
    PRIMARY KEY (device_id, is_onboarding)
);

-- When a person said that the device may come by onboarding credentials; used up by that.
ALTER TABLE devices ADD COLUMN onboarding_approved REAL;
