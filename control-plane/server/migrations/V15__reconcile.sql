-- What the exchange and its DSPs compare.

-- Where the DSP's billing notice of an impression stands: none (the DSP gave no URL), waiting, acknowledged,
-- refused, expired.
ALTER TABLE deliveries ADD COLUMN notice text NOT NULL DEFAULT 'waiting'
    CHECK (notice IN ('none', 'waiting', 'acknowledged', 'refused', 'expired'));

-- Clicks, views, and impressions, clicks or views that a crawler reported; each once per imp of an auction.
CREATE TABLE delivery_marks (
    auction   uuid NOT NULL,
    imp       text NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('click', 'view', 'filtered')),
    at        bigint NOT NULL,
    partner   text NOT NULL,
    placement text NOT NULL,
    PRIMARY KEY (auction, imp, kind)
);
CREATE INDEX ON delivery_marks (at);

-- What the exchange counts of a DSP in a day of UTC and keeps no row of: auctions won, win notices delivered.
CREATE TABLE partner_days (
    partner     text NOT NULL,
    day         bigint NOT NULL,
    won         bigint NOT NULL CHECK (won >= 0),
    win_notices bigint NOT NULL CHECK (win_notices >= 0),
    PRIMARY KEY (partner, day)
);

-- What a DSP says of a day itself. Spend in billionths of the currency's unit.
CREATE TABLE partner_figures (
    partner     text NOT NULL,
    day         bigint NOT NULL,
    impressions bigint NOT NULL CHECK (impressions >= 0),
    spend       bigint CHECK (spend >= 0),
    currency    text,
    uploaded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (partner, day),
    CHECK ((spend IS NULL) = (currency IS NULL))
);
