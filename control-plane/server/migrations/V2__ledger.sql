-- The ledger (money.md). Amounts are billionths of the campaign's currency; instants are milliseconds
-- since 1970 by this server's clock. Campaigns and line items are named by text, without foreign keys:
-- money outlives what it was spent on.

-- The one clock of the ledger. Read after the locks, so clock_timestamp() and not now().
CREATE FUNCTION ledger_now() RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

CREATE TABLE ledger_campaigns (
    campaign     text PRIMARY KEY,
    advertiser   text NOT NULL,
    currency     text NOT NULL,
    time_zone    text NOT NULL,
    active       boolean NOT NULL,
    daily_budget bigint CHECK (daily_budget >= 0)
);

CREATE TABLE ledger_line_items (
    line_item          text PRIMARY KEY,
    campaign           text NOT NULL REFERENCES ledger_campaigns,
    active             boolean NOT NULL,
    epoch              bigint NOT NULL,
    starts_at          bigint NOT NULL,
    ends_at            bigint,
    pacing             text NOT NULL CHECK (pacing IN ('asap', 'even')),
    max_impression     bigint NOT NULL CHECK (max_impression >= 0),
    reservation_life_s integer NOT NULL CHECK (reservation_life_s > 0),
    -- Face of recently closed leases and what of it was charged: the measured settled share of pacing.
    closed_face        bigint NOT NULL DEFAULT 0,
    closed_settled     bigint NOT NULL DEFAULT 0
);
CREATE INDEX ON ledger_line_items (campaign);

-- Budgets. Locked in the order of the key: campaign, line item, day, hour; then leases.
CREATE TABLE accounts (
    level      smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    owner      text NOT NULL,
    bucket     bigint NOT NULL,
    configured bigint CHECK (configured >= 0),
    -- max(configured, settled + held) at the last cut; falls as holds return. A grant never raises it.
    effective  bigint,
    settled    bigint NOT NULL DEFAULT 0 CHECK (settled >= 0),
    held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    PRIMARY KEY (level, owner, bucket),
    CHECK ((configured IS NULL) = (effective IS NULL)),
    CHECK (effective >= configured),
    CHECK (settled + held <= effective)
) WITH (fillfactor = 70);

CREATE TABLE leases (
    id              uuid PRIMARY KEY,
    line_item       text NOT NULL,
    campaign        text NOT NULL,
    bidder          text NOT NULL,
    boot            uuid NOT NULL,
    epoch           bigint NOT NULL,
    face            bigint NOT NULL CHECK (face > 0),
    settled         bigint NOT NULL DEFAULT 0 CHECK (settled >= 0),
    released        bigint NOT NULL DEFAULT 0 CHECK (released >= 0),
    returned        bigint NOT NULL DEFAULT 0 CHECK (returned >= 0),
    day             bigint NOT NULL,
    hour            bigint NOT NULL,
    granted_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    settle_by       bigint NOT NULL,
    state           text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ended', 'closed')),
    -- What the bidder said it had reserved, when it told the end.
    ended_committed bigint,
    -- Closed by an operator before the fence.
    forced          boolean NOT NULL DEFAULT false,
    CHECK (settled + released + returned <= face),
    CHECK (state <> 'closed' OR settled + released + returned = face)
) WITH (fillfactor = 80);
CREATE INDEX leases_not_closed ON leases (settle_by) WHERE state <> 'closed';
CREATE INDEX ON leases (campaign);

-- A reservation that has left open. It does so once: this key is what makes a notice bill once.
CREATE TABLE reservations (
    lease     uuid NOT NULL,
    seq       bigint NOT NULL,
    state     text NOT NULL CHECK (state IN ('billed', 'released', 'late_funded', 'late_unfunded')),
    bid       uuid NOT NULL,
    campaign  text NOT NULL,
    line_item text NOT NULL,
    day       bigint NOT NULL,
    hour      bigint NOT NULL,
    source    text NOT NULL,
    charge    bigint NOT NULL CHECK (charge >= 0),
    flag      text,
    at        bigint NOT NULL,
    PRIMARY KEY (lease, seq)
);
CREATE INDEX ON reservations (campaign, state);
-- A bid is charged once, whatever its token says of reservations (R4).
CREATE UNIQUE INDEX ON reservations (bid) WHERE state IN ('billed', 'late_funded', 'late_unfunded');

-- Double entry. Money goes from one side of a campaign to another: configured, unallocated, held, settled.
CREATE SEQUENCE postings_txn;
CREATE TABLE postings (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    txn      bigint NOT NULL,
    campaign text NOT NULL,
    side     text NOT NULL CHECK (side IN ('configured', 'unallocated', 'held', 'settled')),
    lease    uuid,
    amount   bigint NOT NULL CHECK (amount <> 0),
    at       bigint NOT NULL
);
CREATE INDEX ON postings (campaign, side);

-- Stricter than at the commit: no single statement may leave a transaction's postings uneven.
CREATE FUNCTION postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM added GROUP BY txn, campaign HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'postings do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER postings_balance AFTER INSERT ON postings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION postings_balance();

CREATE FUNCTION postings_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'postings are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER postings_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION postings_are_kept();

-- How far each log was applied; for the money log also the latest marker that was. Written in the
-- transaction that applies.
CREATE TABLE log_positions (
    stream   text PRIMARY KEY,
    position text NOT NULL DEFAULT '0-0',
    marker   bigint NOT NULL DEFAULT 0
);

-- What cannot be applied: never dropped, and it blocks nothing.
CREATE TABLE quarantine (
    stream   text NOT NULL,
    position text NOT NULL,
    payload  bytea NOT NULL,
    reason   text NOT NULL,
    at       bigint NOT NULL,
    PRIMARY KEY (stream, position)
);

-- Starts of bidders, with the last batch whose tallies were counted.
CREATE TABLE bidder_boots (
    boot       uuid PRIMARY KEY,
    bidder     text NOT NULL,
    last_batch bigint NOT NULL,
    seen_at    bigint NOT NULL
);

CREATE TABLE campaign_counts (
    campaign      text PRIMARY KEY,
    matched       bigint NOT NULL DEFAULT 0,
    bids          bigint NOT NULL DEFAULT 0,
    wins          bigint NOT NULL DEFAULT 0,
    impressions   bigint NOT NULL DEFAULT 0,
    clicks        bigint NOT NULL DEFAULT 0,
    views         bigint NOT NULL DEFAULT 0,
    losses        bigint NOT NULL DEFAULT 0,
    duplicates    bigint NOT NULL DEFAULT 0,
    late_unfunded bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE campaign_no_bids (
    campaign text NOT NULL,
    reason   text NOT NULL,
    count    bigint NOT NULL,
    PRIMARY KEY (campaign, reason)
);
