-- Appends one entry to several streams, once, all or none; and says whether what it reports is the first of its kind.
--
-- KEYS  1 once   2… marks, then streams, of one hash tag
-- ARGV  1 how long the keys are kept, ms      2 field      3 payload      4 how many marks
-- e.g.  EVALSHA … 4 gavel:once:{0}:018f…:1 gavel:once:{0}:won:018f… gavel:delivery:{0} gavel:outbox:{0} 86400000 e "{…}" 1
-- →     0 a repetition, 1 stored, 2 stored and no mark was there before
assert(#KEYS >= 1 and #ARGV == 4, 'once.lua takes a key, marks, streams and 4 arguments')

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local marks = tonumber(ARGV[4])
for i = 2 + marks, #KEYS do
  redis.call('XADD', KEYS[i], '*', ARGV[2], ARGV[3])
end
local answer = 1
for i = 2, 1 + marks do
  if redis.call('SET', KEYS[i], '1', 'PX', ARGV[1], 'NX') then
    answer = 2
  end
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return answer
