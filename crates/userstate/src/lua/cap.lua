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

-- Locals, and no table per line or cap: the call's time is Redis' own time.
local user, gone, argv, call = KEYS[1], KEYS[2], ARGV, redis.call

local function number(at)
  local found = tonumber(argv[at])
  if not found then error('cap.lua: argument ' .. at .. ' is missing or not a number') end
  return found
end

local now, ttl, imps = number(1), number(2), number(3)
-- An erased user is not created again by a bid: what cannot be counted is refused.
local erased = call('EXISTS', gone) == 1 and call('EXISTS', user) == 0
local newest
local scopes, names = {}, {}

local function load(name)
  local fields = call('HMGET', user, 'c:' .. name, 'p:' .. name, 't')
  if not newest then
    -- Time in a user's key never goes back.
    newest = tonumber(fields[3] or '0')
    if newest > now then now = newest end
  end
  local scope = { stamps = fields[1], live = 0, pendings = '', changed = false }
  if fields[2] then
    local kept = {}
    for bid, ends in string.gmatch(fields[2], '([^%s@]+)@(%d+)') do
      if tonumber(ends) > now then
        kept[#kept + 1] = bid .. '@' .. ends
      else
        scope.changed = true
      end
    end
    scope.live, scope.pendings = #kept, table.concat(kept, ' ')
  end
  scopes[name] = scope
  names[#names + 1] = name
  return scope
end

-- Whether a cap, whose arguments follow `at`, leaves room for one more.
local function room(at)
  local name, most, kind, span = argv[at + 1], number(at + 2), argv[at + 3], number(at + 4)
  local scope = scopes[name] or load(name)
  -- Every pending counts, however short the window: its impression may come at any time of its life.
  local count = scope.live
  if scope.stamps then
    -- A stamp exactly one window ago is out; one at the very start of the day is in.
    local since = span - 1
    if kind == 's' then since = now - span end
    for stamp in string.gmatch(scope.stamps, '%d+') do
      if tonumber(stamp) > since then count = count + 1 end
    end
  end
  return count < most
end

-- Accepts the line whose arguments follow `at`, or not.
local function accept(at, caps)
  for c = 0, caps - 1 do
    if not room(at + 3 + 4 * c) then return false end
  end
  local pending = argv[at + 1] .. '@' .. argv[at + 2]
  for c = 0, caps - 1 do
    local name = argv[at + 4 + 4 * c]
    local again = false
    for before = 0, c - 1 do again = again or argv[at + 4 + 4 * before] == name end
    if not again then
      local scope = scopes[name]
      if scope.live > 0 then
        scope.pendings = scope.pendings .. ' ' .. pending
      else
        scope.pendings = pending
      end
      scope.live, scope.changed = scope.live + 1, true
    end
  end
  return true
end

-- The last argument of each line is looked at before anything is written: a malformed call changes nothing.
local answer, at = {}, 3
for i = 1, imps do
  local lines = number(at + 1)
  at = at + 1
  local accepted = -1
  for place = 0, lines - 1 do
    number(at + 2)
    local caps = number(at + 3)
    for c = 1, caps do
      number(at + 1 + 4 * c)
      local kind = argv[at + 2 + 4 * c]
      if kind ~= 's' and kind ~= 'd' then error('cap.lua: a window is s or d') end
      number(at + 3 + 4 * c)
    end
    if accepted < 0 and not erased and accept(at, caps) then accepted = place end
    at = at + 3 + 4 * caps
  end
  answer[i] = accepted
end
assert(at == #argv, 'cap.lua: too many or too few arguments')

local set, removed = {}, {}
for n = 1, #names do
  local name = names[n]
  local scope = scopes[name]
  if scope.changed then
    if scope.live > 0 then
      set[#set + 1] = 'p:' .. name
      set[#set + 1] = scope.pendings
    else
      removed[#removed + 1] = 'p:' .. name
    end
  end
end

-- The write that a full Redis refuses comes first, and is one call.
if #set > 0 then
  call('HSET', user, unpack(set))
  if call('PTTL', user) < ttl then call('PEXPIRE', user, ttl) end
end
if #removed > 0 then call('HDEL', user, unpack(removed)) end
return answer
