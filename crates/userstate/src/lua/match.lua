-- Notes what a partner calls a user. Of too many partners those whose ids end first are forgotten.
--
-- KEYS[1]  what partners call the user {u:<id>}:ids
-- KEYS[2]  the tombstone of an erasure {u:<id>}:gone
-- ARGV[1]  the partner
-- ARGV[2]  its id of the user
-- ARGV[3]  how long the id is known, ms
-- ARGV[4]  most partners of a user
-- ARGV[5]  what is told of the change  {u:<id>}
--
-- Example  EVALSHA … 2 {u:u1}:ids {u:u1}:gone dsp_1 abc-7 2592000000 64 {u:u1}
-- Returns  1 and the ids of partners that the user has no more, which were replaced, made room or ran out; -1 alone:
--          the user was erased.

assert(#KEYS == 2, 'match.lua wants 2 keys')
assert(#ARGV == 5, 'match.lua wants 5 arguments')

local ids, gone = KEYS[1], KEYS[2]
local life, most = assert(tonumber(ARGV[3])), assert(tonumber(ARGV[4]))

if redis.call('EXISTS', gone) == 1 then return { -1 } end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('HGETALL', ids)
local left, lost, kept = {}, {}, { [ARGV[2]] = true }
for at = 1, #known, 2 do
  local partner, ends, uid = known[at], string.match(known[at + 1], '^(%d+) (.*)$')
  ends = tonumber(ends) or 0
  if ends <= now then
    redis.call('HDEL', ids, partner)
    lost[#lost + 1] = uid
  elseif partner ~= ARGV[1] then
    left[#left + 1] = { ends = ends, partner = partner, uid = uid }
  else
    lost[#lost + 1] = uid
  end
end
table.sort(left, function(a, b)
  if a.ends ~= b.ends then return a.ends < b.ends end
  return a.partner < b.partner
end)
for at, row in ipairs(left) do
  if at <= #left - most + 1 then
    redis.call('HDEL', ids, row.partner)
    lost[#lost + 1] = row.uid
  else
    kept[row.uid] = true
  end
end

redis.call('HSET', ids, ARGV[1], string.format('%.0f', now + life) .. ' ' .. ARGV[2])
if redis.call('PTTL', ids) < life then redis.call('PEXPIRE', ids, life) end
-- Whoever keeps this user in memory hears of it.
redis.call('PUBLISH', 'gavel:users', ARGV[5])
local answer = { 1 }
for _, uid in ipairs(lost) do
  if not kept[uid] then answer[#answer + 1] = uid end
end
return answer
