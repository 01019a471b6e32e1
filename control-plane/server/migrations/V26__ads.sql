-- An imp may take several ads: a break, or several native ads. Each is delivered by itself.

-- Which of the ads that won the imp, from 0; rows from before are of the first.
ALTER TABLE deliveries
    ADD COLUMN ad bigint NOT NULL DEFAULT 0 CHECK (ad >= 0),
    DROP CONSTRAINT deliveries_pkey,
    ADD PRIMARY KEY (auction, imp, ad);
ALTER TABLE delivery_marks
    ADD COLUMN ad bigint NOT NULL DEFAULT 0 CHECK (ad >= 0),
    DROP CONSTRAINT delivery_marks_pkey,
    ADD PRIMARY KEY (auction, imp, ad, kind);
