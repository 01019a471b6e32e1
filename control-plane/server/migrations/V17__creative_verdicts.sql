-- What the exchange's review says of creatives of DSPs; one verdict for each creative and markup.

CREATE TABLE creative_verdicts (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE UNIQUE INDEX creative_verdicts_once
    ON creative_verdicts ((doc ->> 'partner'), (doc ->> 'crid'), (coalesce(doc ->> 'markup', '')));
