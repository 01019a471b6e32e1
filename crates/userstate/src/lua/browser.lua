-- Notes that our own bidder calls a user of an exchange by this id. Of too many those that end first are forgotten.
--
-- KEYS[1]  whom it calls so             {u:<id>}:browsers
-- KEYS[2]  the tombstone of an erasure  {u:<id>}:gone
-- ARGV[1]  the exchange's id of the user
-- ARGV[2]  how long this is known, ms
-- ARGV[3]  most of them
--
-- Example  EVALSHA … 2 {u:dmp_1}:browsers {u:dmp_1}:gone usr_1 2592000000 64
-- Returns  1 noted; -1 whoever has this id was erased.

assert(#KEYS == 2, 'browser.lua wants 2 keys')
assert(#ARGV == 3, 'browser.lua wants 3 arguments')

local browsers, gone = KEYS[1], KEYS[2]
local life, most = assert(tonumber(ARGV[2])), assert(tonumber(ARGV[3]))

if redis.call('EXISTS', gone) == 1 then return -1 end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', browsers, string.format('%.0f', now + life), ARGV[1])
redis.call('ZREMRANGEBYSCORE', browsers, '-inf', string.format('%.0f', now))
redis.call('ZREMRANGEBYRANK', browsers, 0, -most - 1)
if redis.call('PTTL', browsers) < life then redis.call('PEXPIRE', browsers, life) end
return 1
