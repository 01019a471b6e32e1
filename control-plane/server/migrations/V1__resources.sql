-- What the API holds. A row is a document of contracts (money as integers); what is searched or
-- referenced is generated from it, so that a row can never disagree with its document.

CREATE TABLE advertisers (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE creatives (
    id            text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    advertiser_id text NOT NULL GENERATED ALWAYS AS (doc ->> 'advertiser') STORED REFERENCES advertisers (id),
    seq           bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc           jsonb NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX creatives_advertiser ON creatives (advertiser_id);

CREATE TABLE campaigns (
    id            text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    advertiser_id text NOT NULL GENERATED ALWAYS AS (doc ->> 'advertiser') STORED REFERENCES advertisers (id),
    status        text NOT NULL GENERATED ALWAYS AS (doc ->> 'status') STORED
                  CHECK (status IN ('draft', 'active', 'paused', 'archived')),
    seq           bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc           jsonb NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX campaigns_advertiser ON campaigns (advertiser_id);

-- A campaign's own line item, which follows its terms, is the one with the lowest seq.
CREATE TABLE line_items (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    campaign_id text NOT NULL GENERATED ALWAYS AS (doc ->> 'campaign') STORED REFERENCES campaigns (id),
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX line_items_campaign ON line_items (campaign_id, seq);

CREATE TABLE deals (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE publishers (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE placements (
    id           text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    publisher_id text NOT NULL GENERATED ALWAYS AS (doc ->> 'publisher') STORED REFERENCES publishers (id),
    seq          bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc          jsonb NOT NULL,
    version      bigint NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE demand_partners (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE segments (
    id          text PRIMARY KEY GENERATED ALWAYS AS (doc ->> 'id') STORED,
    seq         bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    doc         jsonb NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Rate tables are never changed: amounts keep the id of the one they were converted by.
CREATE TABLE rates (
    id          bigint PRIMARY KEY,
    doc         jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE notice_keys (
    id          bigint PRIMARY KEY,
    doc         jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row. Every edit adds one as its last statement, so that versions are committed in their order.
CREATE TABLE catalog_version (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    version     bigint NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO catalog_version (version) VALUES (1);

CREATE TABLE idempotency_keys (
    actor       text NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      integer NOT NULL DEFAULT 0,
    etag        text,
    location    text,
    body        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Who changed what (S4). Append-only, each row sealed over the one before it.
CREATE TABLE audit (
    seq         bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    ip          text,
    request_id  text,
    action      text NOT NULL,
    kind        text NOT NULL,
    resource_id text NOT NULL,
    before      jsonb,
    after       jsonb,
    seal        bytea NOT NULL
);
CREATE INDEX audit_resource ON audit (kind, resource_id, seq);

CREATE FUNCTION audit_seal(previous bytea, a audit) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(previous || convert_to(
        jsonb_build_array(a.seq, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor, a.ip, a.request_id,
                          a.action, a.kind, a.resource_id, a.before, a.after)::text, 'UTF8'))
$$;

-- Edits hold the row lock of catalog_version when they come here, so there is one last row.
CREATE FUNCTION audit_append() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last audit%ROWTYPE;
BEGIN
    SELECT * INTO last FROM audit ORDER BY seq DESC LIMIT 1;
    NEW.seq := coalesce(last.seq, 0) + 1;
    NEW.at := clock_timestamp();
    NEW.seal := audit_seal(coalesce(last.seal, ''::bytea), NEW);
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_append BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_append();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rates_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rates
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
