-- Creatives without crid are told by their adid, and without either by their markup: one verdict for each of them, too.

DROP INDEX creative_verdicts_once;
CREATE UNIQUE INDEX creative_verdicts_once
    ON creative_verdicts ((doc ->> 'partner'), (doc ->> 'crid'), (coalesce(doc ->> 'adid', '')), (coalesce(doc ->> 'markup', '')));
