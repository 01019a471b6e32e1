-- Decides the capped choices of one bid request for one user, in one call (money.md, "Frequency caps").
--
-- KEYS[1]  the user's hash             {u:<id>}
-- KEYS[2]  the tombstone of an erasure {u:<id>}:gone
-- ARGV[1]  now, Unix ms
-- ARGV[2]  least time to live of the hash, ms
-- ARGV[3]  number of imps; then for each imp
--            number of ranked lines; then for each line, the best first
--              bid id, pending until (Unix ms), number of caps; then for each cap
--                scope key, at most, 's' (sliding) or 'd' (calendar day), window in ms or day start in Unix ms
--
-- Example  EVALSHA … 2 {u:u1} {u:u1}:gone 1700000000000 2592000000 1 1 bid-1 1700000390000 1 campaign:c1 3 s 86400000
-- Returns  for each imp the place (from 0) of the line that was accepted, or -1.
--          An accepted line has a pending in each of its scopes; the next imp counts it.
--          Either everything is written or nothing.

assert(#KEYS == 2, 'cap.lua wants 2 keys')

local user, gone = KEYS[1], KEYS[2]
local at = 0

local function text()
  at = at + 1
  -- In parentheses: assert returns its message as well.
  return (assert(ARGV[at], 'cap.lua: an argument is missing'))
end

local function number()
  return (assert(tonumber(text()), 'cap.lua: an argument is not a number'))
end

-- All arguments are read before anything is decided: a malformed call changes nothing.
local now, ttl = number(), number()
local imps = {}
for i = 1, number() do
  local lines = {}
  for l = 1, number() do
    local line = { bid = text(), ends = text(), caps = {} }
    assert(tonumber(line.ends), 'cap.lua: pending until is not a number')
    for c = 1, number() do
      local cap = { scope = text(), most = number(), kind = text(), span = number() }
      assert(cap.kind == 's' or cap.kind == 'd', 'cap.lua: a window is s or d')
      line.caps[c] = cap
    end
    lines[l] = line
  end
  imps[i] = lines
end
assert(at == #ARGV, 'cap.lua: too many arguments')

local answer = {}

-- An erased user is not created again by a bid: what cannot be counted is refused.
if redis.call('EXISTS', gone) == 1 and redis.call('EXISTS', user) == 0 then
  for i = 1, #imps do answer[i] = -1 end
  return answer
end

-- Time in a user's key never goes back.
now = math.max(now, tonumber(redis.call('HGET', user, 't') or '0'))

local scopes = {}

local function load(name)
  local scope = scopes[name]
  if scope then return scope end
  local fields = redis.call('HMGET', user, 'c:' .. name, 'p:' .. name)
  scope = { stamps = {}, pending = {}, changed = false }
  for stamp in string.gmatch(fields[1] or '', '%d+') do
    scope.stamps[#scope.stamps + 1] = tonumber(stamp)
  end
  for bid, ends in string.gmatch(fields[2] or '', '([^%s@]+)@(%d+)') do
    if tonumber(ends) > now then
      scope.pending[#scope.pending + 1] = { bid = bid, ends = ends }
    else
      scope.changed = true
    end
  end
  scopes[name] = scope
  return scope
end

local function room(cap)
  local scope = load(cap.scope)
  -- A stamp exactly one window ago is out; one at the very start of the day is in.
  local since = cap.span - 1
  if cap.kind == 's' then since = now - cap.span end
  -- Every pending counts, however short the window: its impression may come at any time of its life.
  local count = #scope.pending
  for _, stamp in ipairs(scope.stamps) do
    if stamp > since then count = count + 1 end
  end
  return count < cap.most
end

local function accept(line)
  for _, cap in ipairs(line.caps) do
    if not room(cap) then return false end
  end
  local done = {}
  for _, cap in ipairs(line.caps) do
    if not done[cap.scope] then
      done[cap.scope] = true
      local scope = load(cap.scope)
      scope.pending[#scope.pending + 1] = { bid = line.bid, ends = line.ends }
      scope.changed = true
    end
  end
  return true
end

for i, lines in ipairs(imps) do
  answer[i] = -1
  for place, line in ipairs(lines) do
    if accept(line) then
      answer[i] = place - 1
      break
    end
  end
end

local set, removed = {}, {}
for name, scope in pairs(scopes) do
  if scope.changed then
    local kept = {}
    for _, pending in ipairs(scope.pending) do
      kept[#kept + 1] = pending.bid .. '@' .. pending.ends
    end
    if #kept > 0 then
      set[#set + 1] = 'p:' .. name
      set[#set + 1] = table.concat(kept, ' ')
    else
      removed[#removed + 1] = 'p:' .. name
    end
  end
end

-- The write that a full Redis refuses comes first, and is one call.
if #set > 0 then
  redis.call('HSET', user, unpack(set))
  if redis.call('PTTL', user) < ttl then redis.call('PEXPIRE', user, ttl) end
end
if #removed > 0 then redis.call('HDEL', user, unpack(removed)) end
return answer
