-- An SSP's request id may be longer than an index takes; its digest never is.
DROP INDEX auctions_request_id_idx;
CREATE INDEX auctions_request_md5 ON auctions (md5(request_id));
