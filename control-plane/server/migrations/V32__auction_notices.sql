-- What was told and taken of an auction after its record had left the exchange. Forgotten with the record.
CREATE TABLE auction_notices (
    auction uuid NOT NULL,
    at      bigint NOT NULL,
    kind    text NOT NULL,
    dsp     text NOT NULL,
    imp     text NOT NULL,
    outcome text NOT NULL
);
-- A log that is read again repeats none of them; an imp's id may be longer than an index takes.
CREATE UNIQUE INDEX auction_notices_once ON auction_notices (auction, at, kind, dsp, outcome, md5(imp));
CREATE INDEX ON auction_notices (at);
