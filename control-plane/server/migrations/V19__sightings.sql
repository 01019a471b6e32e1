-- Creatives that exchanges saw in bids wait for a verdict: the beginning of their markup, for those who judge it,
-- and how many of a DSP wait.

ALTER TABLE creative_verdicts ADD COLUMN sample text;

CREATE INDEX creative_verdicts_by_state ON creative_verdicts ((doc ->> 'partner'), (doc ->> 'verdict'));
