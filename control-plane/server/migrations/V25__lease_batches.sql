-- The batch that asked for a lease: asked again because its answer was lost, it is answered with the same.
ALTER TABLE leases ADD COLUMN batch bigint;
CREATE INDEX leases_of_batch ON leases (boot, batch) WHERE state = 'open';
