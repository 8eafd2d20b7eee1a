-- When the device was let in by its type's onboarding credentials, until it proves that it has the
-- pair that is demanded of it; and when its log last had a line of that.
ALTER TABLE devices ADD COLUMN onboarded REAL;
ALTER TABLE devices ADD COLUMN onboarding_logged REAL;

-- The onboarding pair stood here as an older one, and was accepted for ever.
UPDATE devices SET previous_username = NULL, previous_password = NULL WHERE password IS NULL;
