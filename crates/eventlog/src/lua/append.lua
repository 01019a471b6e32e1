-- Appends a money event behind the fence, once.
--
-- KEYS  1 stream   2 fence   3 once
-- ARGV  1 settle_by, ms      2 until when the once-key is kept, ms      3 field      4 payload
-- e.g.  EVALSHA … 3 gavel:money:{0} gavel:fence:{0} gavel:once:{0}:018f…:7:bill 1790000000000 1790000600000 e "{…}"
-- →     1 stored, 0 a repetition, -1 the fence has passed it
assert(#KEYS == 3 and #ARGV == 4, 'append.lua takes 3 keys and 4 arguments')

local fence = tonumber(redis.call('GET', KEYS[2]) or '0')
-- Past the fence a lease may be closed already, so nothing of it may enter the log any more.
if tonumber(ARGV[1]) + 30000 <= fence then
  return -1
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end
-- The entry first: when memory is full it fails, and then nothing may be remembered.
redis.call('XADD', KEYS[1], '*', ARGV[3], ARGV[4])
redis.call('SET', KEYS[3], '1', 'PXAT', ARGV[2])
return 1
