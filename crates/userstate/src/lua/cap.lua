-- Decides the capped choices of one bid request for one user, in one call (money.md, "Frequency caps").
--
-- KEYS[1]  the user's hash             {u:<id>}
-- KEYS[2]  the tombstone of an erasure {u:<id>}:gone
-- ARGV[1]  now, Unix ms
-- ARGV[2]  least time to live of the hash, ms
-- ARGV[3]  'keep', or 'try': nothing is written, as for a test
-- ARGV[4]  number of imps; then for each imp
--            number of ranked lines; then for each line, the best first
--              its pending as it is kept, <bid id>@<until, Unix ms>, number of caps; then for each cap
--                scope key, at most, 's' (sliding) or 'd' (calendar day), window in ms or day start in Unix ms
--
-- Example  EVALSHA … 2 {u:u1} {u:u1}:gone 1700000000000 2592000000 keep 1 1 bid-1@1700000390000 1 campaign:c1 3 s 86400000
-- Returns  for each imp the place (from 0) of the line that was accepted, or -1.
--          An accepted line has a pending in each of its scopes, if it is kept; the next imp counts it either way.
--          Either everything is written or nothing.

assert(#KEYS == 2, 'cap.lua wants 2 keys')

-- The call's time is Redis' own time: the scopes of all first lines are read at once, further lines are not looked at
-- unless the first was refused, and functions without upvalues cost next to nothing to make.
local user, argv, call, number = KEYS[1], ARGV, redis.call, tonumber

-- Takes the fields of scopes, a pair each from `first` on.
local function take(scopes, names, values, first, now)
  local number = tonumber
  for n = 1, #names do
    local stamps, pendings = values[first + 2 * n], values[first + 2 * n + 1]
    local live, ended = 0, false
    if pendings then
      for ends in string.gmatch(pendings, '@(%d+)') do
        if number(ends) > now then live = live + 1 else ended = true end
      end
      if ended then
        local kept = {}
        for pending, ends in string.gmatch(pendings, '([^%s@]+@(%d+))') do
          if number(ends) > now then kept[#kept + 1] = pending end
        end
        pendings = table.concat(kept, ' ')
      end
    end
    scopes[names[n]] = { stamps = stamps, live = live, pendings = pendings, changed = ended }
  end
end

-- Whether each cap, whose arguments follow `at`, leaves room for one more.
local function room(scopes, argv, at, caps, now)
  local number = tonumber
  for cap = at + 1, at + 4 * caps, 4 do
    local scope = scopes[argv[cap]]
    -- Every pending counts, however short the window: its impression may come at any time of its life.
    local count, most = scope.live, number(argv[cap + 1])
    if scope.stamps and count < most then
      -- A stamp exactly one window ago is out; one at the very start of the day is in.
      local since = argv[cap + 2] == 's' and now - argv[cap + 3] or argv[cap + 3] - 1
      for stamp in string.gmatch(scope.stamps, '%d+') do
        if number(stamp) > since then count = count + 1 end
      end
    end
    if count >= most then return false end
  end
  return true
end

local now, imps = number(argv[1]), number(argv[4])
local scopes, names, fields = {}, {}, { 't', 'rev' }
local at = 4
for _ = 1, imps do
  local lines = number(argv[at + 1])
  at = at + 1
  for place = 1, lines do
    local caps = number(argv[at + 2])
    if place == 1 then
      for cap = at + 3, at + 2 + 4 * caps, 4 do
        local name = argv[cap]
        if not scopes[name] then
          local n = #names + 1
          scopes[name], names[n] = true, name
          fields[2 * n + 1], fields[2 * n + 2] = 'c:' .. name, 'p:' .. name
        end
      end
    end
    at = at + 2 + 4 * caps
  end
end
assert(at == #argv, 'cap.lua: too many or too few arguments')

local values = call('HMGET', user, unpack(fields))
-- Time in a user's key never goes back.
local newest = values[1] and number(values[1])
if newest and newest > now then now = newest end
take(scopes, names, values, 1, now)

-- An erased user is not created again by a bid: what cannot be counted is refused.
local erased = true
for n = 1, #fields do erased = erased and not values[n] end
erased = erased and call('EXISTS', KEYS[2]) == 1 and call('EXISTS', user) == 0

local answer = {}
at = 4
for imp = 1, imps do
  local lines, accepted = number(argv[at + 1]), -1
  at = at + 1
  for place = 0, lines - 1 do
    local caps = number(argv[at + 2])
    if accepted < 0 and not erased then
      if place > 0 then
        local more, ask = {}, {}
        for cap = at + 3, at + 2 + 4 * caps, 4 do
          local name = argv[cap]
          if not scopes[name] then
            local n = #more
            scopes[name], more[n + 1] = true, name
            ask[2 * n + 1], ask[2 * n + 2] = 'c:' .. name, 'p:' .. name
            names[#names + 1] = name
          end
        end
        if #more > 0 then take(scopes, more, call('HMGET', user, unpack(ask)), -1, now) end
      end
      if room(scopes, argv, at + 2, caps, now) then
        accepted = place
        local pending = argv[at + 1]
        for cap = at + 3, at + 2 + 4 * caps, 4 do
          local scope = scopes[argv[cap]]
          -- Two windows of a scope make one pending.
          if scope.added ~= pending then
            if scope.live > 0 then
              scope.pendings = scope.pendings .. ' ' .. pending
            else
              scope.pendings = pending
            end
            scope.live, scope.changed, scope.added = scope.live + 1, true, pending
          end
        end
      end
    end
    at = at + 2 + 4 * caps
  end
  answer[imp] = accepted
end

if argv[3] == 'try' then return answer end

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
  -- Longer, or for the first time; a time to live that is longer already stays.
  if call('PEXPIRE', user, argv[2], 'GT') == 0 and call('PTTL', user) < 0 then
    call('PEXPIRE', user, argv[2])
  end
end
if #removed > 0 then call('HDEL', user, unpack(removed)) end
return answer
