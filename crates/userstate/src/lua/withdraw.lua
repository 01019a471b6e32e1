-- Takes back the pendings of a bid that lost. Once or often: a bid without a pending changes nothing.
--
-- KEYS[1]  the user's hash  {u:<id>}
-- ARGV[1]  bid id
--
-- Example  EVALSHA … 1 {u:u1} bid-1
-- Returns  in how many scopes the bid was pending.

assert(#KEYS == 1, 'withdraw.lua wants 1 key')
assert(#ARGV == 1, 'withdraw.lua wants 1 argument')

local user, bid = KEYS[1], ARGV[1]
local all = redis.call('HGETALL', user)
local set, removed, found = {}, {}, 0
for i = 1, #all, 2 do
  local field = all[i]
  if string.sub(field, 1, 2) == 'p:' then
    local kept, here = {}, false
    for pending, ends in string.gmatch(all[i + 1], '([^%s@]+)@(%d+)') do
      if pending == bid then here = true else kept[#kept + 1] = pending .. '@' .. ends end
    end
    if here then
      found = found + 1
      if #kept > 0 then
        set[#set + 1] = field
        set[#set + 1] = table.concat(kept, ' ')
      else
        removed[#removed + 1] = field
      end
    end
  end
end
if #set > 0 then redis.call('HSET', user, unpack(set)) end
if #removed > 0 then redis.call('HDEL', user, unpack(removed)) end
return found
