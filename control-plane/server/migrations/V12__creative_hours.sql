-- What became of the impressions of a line item's creative, per hour of UTC: what rotation by the model compares.
CREATE TABLE creative_hours (
    line_item   text NOT NULL,
    creative    text NOT NULL,
    hour        bigint NOT NULL,
    impressions bigint NOT NULL DEFAULT 0,
    clicks      bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (line_item, creative, hour)
) WITH (fillfactor = 70);
CREATE INDEX creative_hours_hour ON creative_hours (hour);
