-- Records an impression of a bid, once: its pendings become stamps of the instant of the confirm.
--
-- KEYS[1]  the user's hash             {u:<id>}
-- KEYS[2]  the tombstone of an erasure {u:<id>}:gone
-- KEYS[3]  bids already confirmed      {u:<id>}:seen   (sorted set: bid id by the end of its memory)
-- ARGV[1]  now, Unix ms
-- ARGV[2]  least time to live of the hash, ms
-- ARGV[3]  bid id
-- ARGV[4]  until when the bid is remembered, Unix ms
-- ARGV[5]  how many stamps a scope keeps
-- ARGV[6…] scope keys that count the impression, besides those where the bid is pending
--
-- Example  EVALSHA … 3 {u:u1} {u:u1}:gone {u:u1}:seen 1700000000000 2592000000 bid-1 1700000390000 256 campaign:c1
-- Returns  1 recorded, also when no pending was found; 0 the bid was confirmed before; -1 the user was erased.

assert(#KEYS == 3, 'confirm.lua wants 3 keys')
assert(#ARGV >= 5, 'confirm.lua wants at least 5 arguments')

local user, gone, seen = KEYS[1], KEYS[2], KEYS[3]
local now, ttl = assert(tonumber(ARGV[1])), assert(tonumber(ARGV[2]))
local bid, remember = ARGV[3], assert(tonumber(ARGV[4]))
local most = assert(tonumber(ARGV[5]))

if redis.call('EXISTS', gone) == 1 and redis.call('EXISTS', user) == 0 then return -1 end
if redis.call('ZSCORE', seen, bid) then return 0 end

local fields = {}
local all = redis.call('HGETALL', user)
for i = 1, #all, 2 do fields[all[i]] = all[i + 1] end

-- Time in a user's key never goes back.
local stamp = math.max(now, tonumber(fields['t'] or '0'))
local stamp_text = string.format('%.0f', stamp)

local counted, set, removed = {}, { 't', stamp_text }, {}
for i = 6, #ARGV do counted[ARGV[i]] = true end

for field, value in pairs(fields) do
  local name = string.match(field, '^p:(.*)$')
  if name then
    local kept, found = {}, false
    for pending, ends in string.gmatch(value, '([^%s@]+)@(%d+)') do
      if pending == bid then
        found = true
      else
        kept[#kept + 1] = pending .. '@' .. ends
      end
    end
    if found then
      counted[name] = true
      if #kept > 0 then
        set[#set + 1] = field
        set[#set + 1] = table.concat(kept, ' ')
      else
        removed[#removed + 1] = field
      end
    end
  end
end

for name in pairs(counted) do
  local stamps = {}
  for old in string.gmatch(fields['c:' .. name] or '', '%d+') do stamps[#stamps + 1] = old end
  stamps[#stamps + 1] = stamp_text
  -- The last N times decide every window that allows at most N.
  local first = math.max(1, #stamps - most + 1)
  set[#set + 1] = 'c:' .. name
  set[#set + 1] = table.concat(stamps, ' ', first)
end

-- Scopes that have been silent for the whole retention go: the hash stays bounded.
for field, value in pairs(fields) do
  local name = string.match(field, '^c:(.*)$')
  if name and not counted[name] then
    local last = tonumber(string.match(value, '(%d+)%s*$') or '0')
    if last < stamp - ttl then removed[#removed + 1] = field end
  end
end

redis.call('HSET', user, unpack(set))
redis.call('ZADD', seen, string.format('%.0f', remember), bid)
redis.call('ZREMRANGEBYSCORE', seen, '-inf', '(' .. string.format('%.0f', now))
if #removed > 0 then redis.call('HDEL', user, unpack(removed)) end
if redis.call('PTTL', user) < ttl then redis.call('PEXPIRE', user, ttl) end
local memory = math.max(1000, remember - now)
if redis.call('PTTL', seen) < memory then
  redis.call('PEXPIRE', seen, string.format('%.0f', memory))
end
return 1
