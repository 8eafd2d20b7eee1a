-- An order for several devices is found by its state, which is of all its operations, as others are
-- found by theirs: its first operation keeps it.
ALTER TABLE operations ADD COLUMN joint_state TEXT;  -- none: it stands for itself alone
UPDATE operations SET joint_state = (
    SELECT CASE WHEN min(m.state) = max(m.state) THEN min(m.state)
        WHEN count(CASE WHEN m.state IN ('scheduled', 'pending', 'running') THEN 1 END) = 0
            THEN 'failed'
        WHEN count(CASE WHEN m.state IN ('running', 'completed', 'failed', 'expired') THEN 1 END) > 0
            THEN 'running'
        WHEN count(CASE WHEN m.state = 'pending' THEN 1 END) > 0 THEN 'pending'
        ELSE 'scheduled' END
    FROM operations AS m WHERE m.group_id = operations.id)
WHERE group_id IS NOT NULL AND group_id = id;
-- What a device that is deleted leaves.
CREATE INDEX operations_members ON operations (device_id, id) WHERE group_id IS NOT NULL;
DROP INDEX operations_state;
CREATE INDEX operations_state ON operations (COALESCE(joint_state, state), created)
    WHERE origin <> 'system';
