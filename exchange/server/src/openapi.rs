//! The OpenAPI documents of the two listeners.

use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, ResponseBuilder};

/// One route: method, path, what it does, and the statuses it answers.
type Route = (
    HttpMethod,
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

const NOTICE: &[(&str, &str)] = &[
    ("200", "Accepted or a duplicate."),
    ("401", "No token, or an unreadable one."),
    ("403", "The token is not ours."),
    ("410", "The token has expired."),
    ("503", "The durable log is away: repeat."),
];
const CLICK: &[(&str, &str)] = &[
    ("200", "Recorded, by a pixel."),
    ("302", "To the landing page."),
    ("401", "No token, or an unreadable one."),
    ("403", "The token is not ours."),
];
const VIDEO_EVENT: &[(&str, &str)] = &[
    ("200", "Counted."),
    ("401", "No token, or an unreadable one."),
    ("403", "The token is not ours."),
    ("404", "No such event."),
    ("410", "The token has expired."),
];
const FOUND: &[(&str, &str)] = &[
    ("200", "The document."),
    ("404", "Unknown; `detail` tells where else it may be."),
];
const OK: &[(&str, &str)] = &[("200", "The document.")];
const AUCTION: &[(&str, &str)] = &[
    ("200", "A BidResponse."),
    ("204", "No bid; or shed, `x-shed-reason` tells why."),
    (
        "400",
        "The request cannot be read: a problem with a JSON pointer.",
    ),
    ("401", "Unknown partner key."),
    ("413", "The body is too large."),
    ("415", "A content type or encoding that is not spoken."),
];

const SYNC_PAGE: &[(&str, &str)] = &[
    (
        "200",
        "A page without scripts of its own, an image or a sandboxed frame for each DSP that is asked; without consent an empty one, and the cookie goes.",
    ),
    ("404", "This exchange keeps no ids of DSPs."),
    ("503", "The match table is away."),
];
const SYNC_IN: &[(&str, &str)] = &[
    ("200", "A pixel, whether the id may be kept or not."),
    ("400", "No partner or no id."),
    ("404", "No such partner, or no match table."),
    ("503", "The match table is away."),
];
const SYNC_OUT: &[(&str, &str)] = &[
    (
        "200",
        "No consent: a pixel, nobody is told, and without any to us the cookie goes.",
    ),
    (
        "302",
        "To the sync_url of the SSP's account, our id in place of ${UID}.",
    ),
    ("400", "No ssp."),
    (
        "404",
        "No such SSP, one without a sync_url, or no match table.",
    ),
    (
        "503",
        "The match table is away, or more ids are told than may be.",
    ),
];
const SYNC: [Route; 3] = [
    (
        HttpMethod::Get,
        "/sync",
        "The page on which a browser lets DSPs tell what they call it: ?gdpr=, gdpr_consent=, gpp=, gpp_sid=, us_privacy=, coppa=.",
        SYNC_PAGE,
    ),
    (
        HttpMethod::Get,
        "/sync/in",
        "Where a DSP sends the browser back to: ?partner=, uid= (empty takes it back), and the same of consent.",
        SYNC_IN,
    ),
    (
        HttpMethod::Get,
        "/sync/out",
        "Sends a browser on to an SSP, which learns our id of it and sends it as user.buyeruid: ?ssp=, and the same of consent.",
        SYNC_OUT,
    ),
];

const RTB: &[Route] = &[
    (
        HttpMethod::Post,
        "/openrtb2/auction",
        "Runs an auction on an OpenRTB 2.5 or 2.6 BidRequest.",
        AUCTION,
    ),
    (
        HttpMethod::Post,
        "/rtb",
        "The same under its short name.",
        AUCTION,
    ),
    (
        HttpMethod::Get,
        "/notice/win",
        "An SSP's win notice.",
        NOTICE,
    ),
    (
        HttpMethod::Get,
        "/notice/bill",
        "An SSP's billing notice.",
        NOTICE,
    ),
    (
        HttpMethod::Get,
        "/notice/loss",
        "An SSP's loss notice.",
        NOTICE,
    ),
    (
        HttpMethod::Get,
        "/auction/{id}",
        "One auction: who was asked, what was bid, who won.",
        FOUND,
    ),
    (
        HttpMethod::Get,
        "/auction",
        "The newest auction of a request id (`?request_id=`).",
        FOUND,
    ),
    (
        HttpMethod::Get,
        "/auction-history",
        "The newest auctions, newest first.",
        OK,
    ),
    (HttpMethod::Get, "/stats", "Counts since the start.", OK),
    (
        HttpMethod::Post,
        "/validate",
        "Everything that is wrong with an OpenRTB message; ?kind=request or response says which it is.",
        OK,
    ),
    (
        HttpMethod::Get,
        "/sellers.json",
        "Who sells through this exchange.",
        OK,
    ),
    (
        HttpMethod::Get,
        "/sellers/{id}/ads-txt",
        "The lines that ads.txt must have for what this seller of /sellers.json sells: `lines`, each with whose ads.txt it is for.",
        FOUND,
    ),
    (
        HttpMethod::Post,
        "/demo/rtb-flow",
        "A user's visit played through the whole stack, step by step.",
        OK,
    ),
    (
        HttpMethod::Post,
        "/demo/rtb-flow-simple",
        "The same in a few words.",
        OK,
    ),
    (
        HttpMethod::Get,
        "/demo/workflow-stats",
        "Counts of the demo flows.",
        OK,
    ),
];

const SSP: &[Route] = &[
    (
        HttpMethod::Post,
        "/ad-request",
        "An ad for a placement.",
        &[
            ("200", "An ad."),
            (
                "204",
                "Nobody bid, `x-gavel-nbr` tells the standard's reason where there is one; or shed, `x-shed-reason` tells why.",
            ),
            ("404", "Unknown placement."),
        ],
    ),
    (
        HttpMethod::Post,
        "/impression",
        "Confirms an impression.",
        NOTICE,
    ),
    (
        HttpMethod::Get,
        "/impression",
        "Confirms an impression by a pixel.",
        NOTICE,
    ),
    (
        HttpMethod::Post,
        "/view",
        "Confirms that an ad was in view.",
        NOTICE,
    ),
    (HttpMethod::Get, "/view", "The same by a pixel.", NOTICE),
    (HttpMethod::Post, "/click", "Confirms a click.", NOTICE),
    (
        HttpMethod::Get,
        "/click",
        "Counts a click and leads to the ad's own landing page; with ?redirect=0 a pixel.",
        CLICK,
    ),
    (
        HttpMethod::Get,
        "/video/{event}",
        "An event of a video: start, firstQuartile, midpoint, thirdQuartile, complete, error.",
        VIDEO_EVENT,
    ),
    (
        HttpMethod::Get,
        "/vast",
        "An ad for a placement as VAST.",
        OK,
    ),
    (
        HttpMethod::Get,
        "/frame",
        "The sandboxed document in which tag.js shows an ad.",
        OK,
    ),
    (
        HttpMethod::Get,
        "/tag.js",
        "The script that shows a placement on a page.",
        OK,
    ),
    (HttpMethod::Get, "/demo", "A page with a real ad.", OK),
    (HttpMethod::Get, "/inventory", "The placements.", OK),
    (HttpMethod::Post, "/inventory", "Adds a placement.", OK),
    (
        HttpMethod::Get,
        "/inventory/{placement_id}",
        "One placement.",
        FOUND,
    ),
    (
        HttpMethod::Put,
        "/inventory/{placement_id}",
        "Changes a placement.",
        FOUND,
    ),
    (
        HttpMethod::Delete,
        "/inventory/{placement_id}",
        "Takes a placement off sale.",
        FOUND,
    ),
    (
        HttpMethod::Get,
        "/revenue",
        "What was earned, by day, placement or DSP.",
        OK,
    ),
];

/// The document of the RTB side.
pub(crate) fn rtb() -> String {
    render("Gavel exchange, RTB side", RTB)
}

/// The document of the SSP side.
pub(crate) fn ssp() -> String {
    render("Gavel exchange, SSP side", SSP)
}

fn render(title: &str, routes: &[Route]) -> String {
    let document = document(title, routes);
    document.to_json().unwrap_or_default()
}

fn document(title: &str, routes: &[Route]) -> OpenApi {
    let paths = routes
        .iter()
        .chain(&SYNC)
        .fold(PathsBuilder::new(), |paths, route| {
            let (method, path, summary, answers) = route;
            let operation = answers.iter().fold(
                OperationBuilder::new().summary(Some(*summary)),
                |operation, (status, words)| {
                    let response = ResponseBuilder::new().description(*words).build();
                    operation.response(*status, response)
                },
            );
            paths.path(*path, PathItem::new(method.clone(), operation))
        });
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title(title)
                .version(env!("CARGO_PKG_VERSION"))
                .build(),
        )
        .paths(paths.build())
        .build()
}
