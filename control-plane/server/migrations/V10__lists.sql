-- Shared lists of targeting. Their entries are rows of their own: there may be a million of them.

CREATE TABLE lists (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE list_entries (
    list_id     text NOT NULL REFERENCES lists (id) ON DELETE CASCADE,
    entry       text NOT NULL,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (list_id, entry)
);

CREATE UNIQUE INDEX list_entries_in_order ON list_entries (list_id, seq);
