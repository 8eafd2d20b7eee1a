-- Whose devices a delivery of several organizations tells of, as it told of them: the operations may
-- be gone by now, or their devices may belong to others.
CREATE TABLE delivery_organizations (
    delivery_id INTEGER NOT NULL REFERENCES deliveries ON DELETE CASCADE,
    organization_id INTEGER NOT NULL,        -- no reference: it outlives what it tells of
    PRIMARY KEY (delivery_id, organization_id)
);
