-- What else than wanted values a change of a type is to tell its devices.
ALTER TABLE device_types ADD COLUMN rollout_notifies BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE device_types ADD COLUMN rollout_interval BOOLEAN NOT NULL DEFAULT FALSE;
