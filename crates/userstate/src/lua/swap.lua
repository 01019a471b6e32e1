-- Replaces a user's profile if nobody has written it since it was read.
--
-- KEYS[1]  the user's hash             {u:<id>}
-- KEYS[2]  the tombstone of an erasure {u:<id>}:gone
-- ARGV[1]  'any', or the revision that was read ('' for a user without a profile)
-- ARGV[2]  1: an erased user stays erased; 0: the write is meant to create the user anew
-- ARGV[3]  least time to live of the hash, ms
-- ARGV[4]  the profile, JSON
-- ARGV[5]  the event counters, JSON; '' leaves them as they are
--
-- Example  EVALSHA … 2 {u:u1} {u:u1}:gone '' 1 2592000000 {"user_id":"u1"} ''
-- Returns  1 written; 0 somebody else wrote first; -1 the user was erased.

assert(#KEYS == 2, 'swap.lua wants 2 keys')
assert(#ARGV == 5, 'swap.lua wants 5 arguments')

local user, gone = KEYS[1], KEYS[2]
local ttl = assert(tonumber(ARGV[3]))

if ARGV[2] == '1' and redis.call('EXISTS', gone) == 1 then return -1 end
if ARGV[1] ~= 'any' and (redis.call('HGET', user, 'rev') or '') ~= ARGV[1] then return 0 end

-- The server's clock, not a counter: an erased and recreated user must not get an old revision again.
local time = redis.call('TIME')
local set = { 'profile', ARGV[4], 'rev', time[1] .. '.' .. time[2] }
if ARGV[5] ~= '' then
  set[#set + 1] = 'events'
  set[#set + 1] = ARGV[5]
end
redis.call('HSET', user, unpack(set))
if redis.call('PTTL', user) < ttl then redis.call('PEXPIRE', user, ttl) end
-- Whoever keeps this user in memory hears of it.
redis.call('PUBLISH', 'gavel:users', user)
return 1
