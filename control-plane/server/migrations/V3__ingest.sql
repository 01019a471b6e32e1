-- What the event log brings beside money.

-- Which kinds of notice each reservation has had, so that each counts once.
CREATE TABLE notice_marks (
    lease uuid NOT NULL,
    seq   bigint NOT NULL,
    kind  text NOT NULL,
    PRIMARY KEY (lease, seq, kind)
);

-- Impressions and losses of capped users on their way to Redis, at least once: a row goes when it is there.
CREATE TABLE cap_events (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shown      boolean NOT NULL,
    user_key   text NOT NULL,
    bid        uuid NOT NULL,
    campaign   text NOT NULL,
    line_item  text NOT NULL,
    creative   text NOT NULL,
    source     text NOT NULL,
    settle_by  bigint NOT NULL,
    at         bigint NOT NULL
);

-- Impressions of the sell side: the source of revenue. One per imp of an auction.
CREATE TABLE deliveries (
    auction   uuid NOT NULL,
    imp       text NOT NULL,
    at        bigint NOT NULL,
    partner   text NOT NULL,
    publisher text NOT NULL,
    placement text NOT NULL,
    currency  text NOT NULL,
    gross     bigint NOT NULL,
    fee       bigint NOT NULL,
    PRIMARY KEY (auction, imp)
);
CREATE INDEX ON deliveries (at);

-- Auction records, seven days of them. The document is kept as it came.
CREATE TABLE auctions (
    id         uuid PRIMARY KEY,
    request_id text NOT NULL,
    at         bigint NOT NULL,
    outcome    text NOT NULL,
    document   text NOT NULL
);
CREATE INDEX ON auctions (request_id);
CREATE INDEX ON auctions (at);
