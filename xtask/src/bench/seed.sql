-- Fills the catalog of a bench from a file of `gavel loadtest catalog`: kind, tab, document.
--
-- A hundred thousand line items through the API one by one take minutes, so the rows are copied. What the
-- API would have written is all here: the documents, the ledger's terms and accounts with their postings, the
-- new version. Absent are the audit rows, which nothing that is measured reads. Rows that are there already
-- stay, so that a catalog can be grown.
CREATE TEMP TABLE bench_rows (kind text NOT NULL, doc jsonb NOT NULL);
COPY bench_rows FROM '{rows}';

INSERT INTO advertisers (doc) SELECT doc FROM bench_rows WHERE kind = 'advertiser' ON CONFLICT DO NOTHING;
INSERT INTO creatives (doc) SELECT doc FROM bench_rows WHERE kind = 'creative' ON CONFLICT DO NOTHING;
INSERT INTO campaigns (doc) SELECT doc FROM bench_rows WHERE kind = 'campaign' ON CONFLICT DO NOTHING;
INSERT INTO line_items (doc) SELECT doc FROM bench_rows WHERE kind = 'line_item' ON CONFLICT DO NOTHING;

WITH added AS (
    INSERT INTO ledger_campaigns (campaign, advertiser, currency, time_zone, active, daily_budget)
    SELECT doc ->> 'id', doc ->> 'advertiser', doc ->> 'currency', doc ->> 'time_zone', true, NULL
    FROM bench_rows WHERE kind = 'campaign'
    ON CONFLICT DO NOTHING
    RETURNING campaign),
budgets AS MATERIALIZED (
    SELECT campaign, (doc ->> 'budget')::bigint AS budget, nextval('postings_txn') AS txn
    FROM added JOIN bench_rows ON kind = 'campaign' AND doc ->> 'id' = campaign),
opened AS (
    INSERT INTO accounts (level, owner, bucket, configured, effective)
    SELECT 1, campaign, 0, budget, budget FROM budgets)
INSERT INTO postings (txn, campaign, side, lease, amount, at)
SELECT txn, campaign, 'configured', NULL::uuid, -budget, ledger_now() FROM budgets
UNION ALL SELECT txn, campaign, 'unallocated', NULL, budget, ledger_now() FROM budgets;

INSERT INTO ledger_line_items (line_item, campaign, active, epoch, starts_at, ends_at, pacing, max_impression,
                               reservation_life_s)
SELECT doc ->> 'id', doc ->> 'campaign', true, (doc ->> 'epoch')::bigint, 0, NULL, 'asap',
       (doc -> 'price' ->> 'max_cpm')::bigint, 3600
FROM bench_rows WHERE kind = 'line_item'
ON CONFLICT DO NOTHING;
INSERT INTO accounts (level, owner, bucket)
SELECT 2, doc ->> 'id', 0 FROM bench_rows WHERE kind = 'line_item'
ON CONFLICT DO NOTHING;

UPDATE catalog_version SET version = version + 1, changed_at = clock_timestamp();
DROP TABLE bench_rows;
