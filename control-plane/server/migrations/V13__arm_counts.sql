-- What became of the impressions of each arm of an experiment, by creative: how it is read.
CREATE TABLE arm_counts (
    campaign    text NOT NULL,
    line_item   text NOT NULL,
    arm         text NOT NULL,
    creative    text NOT NULL,
    wins        bigint NOT NULL DEFAULT 0,
    impressions bigint NOT NULL DEFAULT 0,
    clicks      bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    spend       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (campaign, line_item, arm, creative)
) WITH (fillfactor = 70);
