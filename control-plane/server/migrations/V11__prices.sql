-- What prices are made from.

-- What became of a line item's impressions, per hour of UTC: the rates of CPC and CPA offers.
CREATE TABLE line_item_hours (
    line_item   text NOT NULL,
    hour        bigint NOT NULL,
    impressions bigint NOT NULL DEFAULT 0,
    clicks      bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (line_item, hour)
) WITH (fillfactor = 70);
CREATE INDEX line_item_hours_hour ON line_item_hours (hour);

-- What the catalog says was observed. One row, so that a version of the catalog stays what it was.
CREATE TABLE observed (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    doc         jsonb NOT NULL,
    checked_at  timestamptz NOT NULL
);
INSERT INTO observed (doc, checked_at) VALUES ('{}', '-infinity');

ALTER TABLE campaign_counts
    ADD COLUMN conversions   bigint NOT NULL DEFAULT 0,
    ADD COLUMN shading_saved bigint NOT NULL DEFAULT 0;

-- An offer names what it pays for.
UPDATE campaigns SET doc = jsonb_set(doc, '{terms,bid,type}', '"cpm"')
WHERE doc #> '{terms,bid}' IS NOT NULL AND NOT doc #> '{terms,bid}' ? 'type';
