//! The standard's own lists: every attribute of every object of OpenRTB 2.6 (state 202606) in its
//! order, with its type; then what older versions and its samples have besides.
//!
//! `flag` is an integer that is 0 or 1; `money` and `factor` are floats; `markup` is a string that
//! some send as an object; `price` is the money of a bid. Every object has `ext` as well.

/// Object, its attributes, and what else is read.
pub(crate) const OBJECTS: [(&str, &str, &str); 38] = [
    (
        "BidRequest",
        "id:text imp:[Imp] site:Site app:App dooh:Dooh device:Device user:User test:flag at:int \
         tmax:int wseat:[text] bseat:[text] allimps:flag cur:[currency] wlang:[text] \
         wlangb:[text] acat:[text] bcat:[text] cattax:int badv:[text] bapp:[text] source:Source \
         regs:Regs",
        "",
    ),
    (
        "Source",
        "fd:flag tid:text pchain:text schain:SupplyChain",
        "",
    ),
    (
        "Regs",
        "coppa:flag gdpr:flag us_privacy:text gpp:text gpp_sid:[int]",
        "",
    ),
    (
        "Imp",
        "id:text metric:[Metric] banner:Banner video:Video audio:Audio native:Native pmp:Pmp \
         displaymanager:text displaymanagerver:text instl:flag tagid:text bidfloor:money \
         bidfloorcur:currency clickbrowser:flag secure:flag iframebuster:[text] rwdd:flag \
         ssai:int exp:int qty:Qty dt:float refresh:Refresh",
        "",
    ),
    ("Metric", "type:text value:float vendor:text", ""),
    (
        "Banner",
        "format:[Format] w:int h:int btype:[int] battr:[int] pos:int mimes:[text] topframe:flag \
         expdir:[int] api:[int] id:text vcm:flag",
        "wmax:int hmax:int wmin:int hmin:int",
    ),
    (
        "Video",
        "mimes:[text] minduration:int maxduration:int startdelay:int maxseq:int poddur:int \
         protocols:[int] w:int h:int podid:text podseq:int rqddurs:[int] placement:int plcmt:int \
         linearity:int skip:flag skipmin:int skipafter:int sequence:int slotinpod:int \
         mincpmpersec:money battr:[int] maxextended:int minbitrate:int maxbitrate:int \
         boxingallowed:flag playbackmethod:[int] playbackend:int delivery:[int] pos:int \
         companionad:[Banner] api:[int] companiontype:[int] poddedupe:[int] durfloors:[DurFloors]",
        "protocol:int",
    ),
    (
        "Audio",
        "mimes:[text] minduration:int maxduration:int poddur:int protocols:[int] startdelay:int \
         rqddurs:[int] podid:text podseq:int sequence:int slotinpod:int mincpmpersec:money \
         battr:[int] maxextended:int minbitrate:int maxbitrate:int delivery:[int] \
         companionad:[Banner] api:[int] companiontype:[int] maxseq:int feed:int stitched:flag \
         nvol:int durfloors:[DurFloors]",
        "poddedupe:[int]",
    ),
    (
        "Native",
        "request:markup ver:text api:[int] battr:[int]",
        "",
    ),
    ("Format", "w:int h:int wratio:int hratio:int wmin:int", ""),
    ("Pmp", "private_auction:flag deals:[Deal]", ""),
    (
        "Deal",
        "id:text bidfloor:money bidfloorcur:currency at:int wseat:[text] wadomain:[text] \
         guar:flag mincpmpersec:money durfloors:[DurFloors]",
        "",
    ),
    (
        "Site",
        "id:text name:text domain:text cattax:int cat:[text] sectioncat:[text] pagecat:[text] \
         page:text ref:text search:text mobile:flag privacypolicy:flag publisher:Publisher \
         content:Content keywords:text kwarray:[text] inventorypartnerdomain:text",
        "",
    ),
    (
        "App",
        "id:text name:text bundle:text domain:text storeurl:text cattax:int cat:[text] \
         sectioncat:[text] pagecat:[text] ver:text privacypolicy:flag paid:flag \
         publisher:Publisher content:Content keywords:text kwarray:[text] \
         inventorypartnerdomain:text",
        "",
    ),
    (
        "Publisher",
        "id:text name:text cattax:int cat:[text] domain:text",
        "",
    ),
    (
        "Content",
        "id:text episode:int title:text series:text season:text artist:text genre:text gtax:int \
         genres:[text] album:text isrc:text producer:Producer url:text cattax:int cat:[text] \
         prodq:int context:int contentrating:text userrating:text qagmediarating:int \
         keywords:text kwarray:[text] livestream:flag sourcerelationship:flag len:int \
         language:text langb:text embeddable:flag data:[Data] network:Network channel:Channel \
         realtime:flag firstbroadcast:flag",
        "videoquality:int",
    ),
    (
        "Producer",
        "id:text name:text cattax:int cat:[text] domain:text",
        "",
    ),
    (
        "Device",
        "geo:Geo dnt:flag lmt:flag ua:text sua:UserAgent ip:text ipv6:text devicetype:int \
         make:text model:text os:text osv:text hwv:text h:int w:int ppi:int pxratio:float js:flag \
         geofetch:flag flashver:text language:text langb:text carrier:text mccmnc:text \
         connectiontype:int ifa:text didsha1:text didmd5:text dpidsha1:text dpidmd5:text \
         macsha1:text macmd5:text",
        "",
    ),
    (
        "Geo",
        "lat:float lon:float type:int accuracy:int lastfix:int ipservice:int country:text \
         region:text regionfips104:text metro:text city:text zip:text utcoffset:int",
        "long:float",
    ),
    (
        "User",
        "id:text buyeruid:text yob:int gender:text keywords:text kwarray:[text] customdata:text \
         geo:Geo data:[Data] consent:text eids:[Eid]",
        "",
    ),
    (
        "Data",
        "id:text name:text cids:[text] segment:[Segment]",
        "",
    ),
    ("Segment", "id:text name:text value:text", ""),
    ("Network", "id:text name:text domain:text", ""),
    ("Channel", "id:text name:text domain:text", ""),
    (
        "SupplyChain",
        "complete:flag nodes:[SupplyChainNode] ver:text",
        "",
    ),
    (
        "SupplyChainNode",
        "asi:text sid:text rid:text name:text domain:text hp:flag",
        "",
    ),
    (
        "Eid",
        "inserter:text source:text matcher:text mm:int uids:[Uid]",
        "",
    ),
    ("Uid", "id:text atype:int", ""),
    (
        "UserAgent",
        "browsers:[BrandVersion] platform:BrandVersion mobile:flag architecture:text bitness:text \
         model:text source:int",
        "",
    ),
    ("BrandVersion", "brand:text version:[text]", ""),
    ("Qty", "multiplier:factor sourcetype:int vendor:text", ""),
    (
        "Dooh",
        "id:text name:text venuetype:[text] venuetypetax:int publisher:Publisher domain:text \
         keywords:text content:Content",
        "venuetypeid:[text] venuetax:int",
    ),
    ("Refresh", "refsettings:[RefSettings] count:int", ""),
    ("RefSettings", "reftype:int minint:int", ""),
    ("DurFloors", "mindur:int maxdur:int bidfloor:money", ""),
    (
        "BidResponse",
        "id:text seatbid:[SeatBid] bidid:text cur:currency customdata:text nbr:int",
        "",
    ),
    ("SeatBid", "bid:[Bid] seat:text group:flag", ""),
    (
        "Bid",
        "id:text impid:text price:price nurl:text burl:text lurl:text adm:markup adid:text \
         adomain:[text] bundle:text iurl:text cid:text crid:text tactic:text cattax:int \
         cat:[text] attr:[int] apis:[int] api:int protocol:int qagmediarating:int language:text \
         langb:text dealid:text w:int h:int wratio:int hratio:int exp:int dur:int mtype:int \
         slotinpod:int",
        "",
    ),
];
