-- Amounts keep by which rates they are told in another currency, so that a past day's figures stand when rates change.
-- Rows from before have none: they are told by those of the day on which somebody asks.

-- What the DSP was told that the impression costs it, in its bid's currency. Billionths of the currency's unit.
ALTER TABLE deliveries
    ADD COLUMN rates bigint,
    ADD COLUMN spend bigint,
    ADD COLUMN spend_currency text,
    ADD CHECK ((spend IS NULL) = (spend_currency IS NULL));
-- In force when the figures were uploaded.
ALTER TABLE partner_figures ADD COLUMN rates bigint;
