-- Raises the fence and appends the marker that says so; the fence never falls.
--
-- KEYS  1 stream   2 fence
-- ARGV  1 the ledger's clock, ms      2 field
-- e.g.  EVALSHA … 2 gavel:money:{0} gavel:fence:{0} 1790000000000 e
-- →     the fence, ms, as text: Lua would write a number of this size with an exponent
assert(#KEYS == 2 and #ARGV == 2, 'fence.lua takes 2 keys and 2 arguments')

local fence = redis.call('GET', KEYS[2])
if fence and tonumber(ARGV[1]) <= tonumber(fence) then
  return fence
end
-- The marker first: a fence without its marker would let leases wait for ever, never the other way round.
redis.call('XADD', KEYS[1], '*', ARGV[2], '{"event":"marker","fence":' .. ARGV[1] .. '}')
redis.call('SET', KEYS[2], ARGV[1])
return ARGV[1]
