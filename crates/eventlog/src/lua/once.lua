-- Appends one entry to several streams, once, all or none.
--
-- KEYS  1 once   2… streams, of one hash tag
-- ARGV  1 how long the once-key is kept, ms      2 field      3 payload
-- e.g.  EVALSHA … 3 gavel:once:{0}:018f…:1 gavel:delivery:{0} gavel:outbox:{0} 86400000 e "{…}"
-- →     1 stored, 0 a repetition
assert(#KEYS >= 2 and #ARGV == 3, 'once.lua takes a key, streams and 3 arguments')

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
for i = 2, #KEYS do
  redis.call('XADD', KEYS[i], '*', ARGV[2], ARGV[3])
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
