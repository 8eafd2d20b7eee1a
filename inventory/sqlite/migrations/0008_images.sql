-- Which firmware image a Download is about: asked for each device of a list, and when one is deleted.
ALTER TABLE operations ADD COLUMN image_id INTEGER;
UPDATE operations SET image_id = json_extract(request, '$.firmware_image')
WHERE kind = 'download' AND json_extract(request, '$.url') IS NULL;
CREATE INDEX operations_images ON operations (image_id, device_id)
    WHERE image_id IS NOT NULL AND state IN ('scheduled', 'pending', 'running');
CREATE INDEX operations_downloads ON operations (device_id, image_id, awaits)
    WHERE image_id IS NOT NULL AND state IN ('scheduled', 'pending', 'running');

-- By kind first, so that what waits on all devices is found without what has ended.
DROP INDEX operations_waiting;
CREATE INDEX operations_waiting ON operations (kind, device_id)
    WHERE state IN ('scheduled', 'pending', 'running')
    AND kind IN ('reboot', 'factory', 'device_factory', 'sync', 'reconf')
    AND COALESCE(awaits, '') <> 'schedule';

-- Whether drift was told by a ParameterKey that is not ours, and not (alone) by values.
ALTER TABLE devices ADD COLUMN key_is_foreign BOOLEAN NOT NULL DEFAULT FALSE;
