-- What ads.txt and sellers.json say of who may sell whose inventory; one verdict for each of a system's sellers.

CREATE TABLE seller_verdicts (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX seller_verdicts_once ON seller_verdicts ((doc ->> 'domain'), (doc ->> 'system'), (doc ->> 'seller_id'));
