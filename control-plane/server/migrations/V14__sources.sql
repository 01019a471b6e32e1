-- Senders of bid requests as operators rule over them: their switch and quota on every bidder (S5).
CREATE TABLE sources (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
