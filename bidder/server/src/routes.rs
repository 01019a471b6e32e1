//! Every path of the bidder, on one screen.

use service::Problem;
use service::http::{
    Admission, Class, Handler, Head, HeaderMap, Method, Request, Response, method_not_allowed,
};

use crate::worker::Worker;
use crate::{bid, explain, loaded, notices, refusals, sources, stats, trackers};
use contracts::notice::NoticeKind;

/// A path, the methods that it takes, and what it is for.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) class: Class,
    pub(crate) summary: &'static str,
}

const fn route(
    path: &'static str,
    allow: &'static str,
    class: Class,
    summary: &'static str,
) -> Route {
    Route {
        path,
        allow,
        class,
        summary,
    }
}

/// All paths; a last segment in braces stands for any one.
pub(crate) const ROUTES: [Route; 15] = [
    route(
        "/bid",
        "POST",
        Class::Bid,
        "Answer a bid request (OpenRTB 2.5, 2.6)",
    ),
    route("/openrtb2/bid", "POST", Class::Bid, "The same as /bid"),
    route(
        "/explain",
        "POST",
        Class::Api,
        "Why each line item would or would not bid",
    ),
    route(
        "/win-notice",
        "GET, HEAD, POST",
        Class::Notice,
        "A bid won its auction",
    ),
    route(
        "/billing-notice",
        "GET, HEAD, POST",
        Class::Notice,
        "A bid is billed",
    ),
    route(
        "/loss-notice",
        "GET, HEAD, POST",
        Class::Notice,
        "A bid lost its auction",
    ),
    route(
        "/t/impression",
        "GET, HEAD",
        Class::Notice,
        "An ad was shown",
    ),
    route("/t/click", "GET, HEAD", Class::Notice, "An ad was clicked"),
    route("/t/view", "GET, HEAD", Class::Notice, "An ad was in view"),
    route(
        "/t/video/{event}",
        "GET, HEAD",
        Class::Notice,
        "A video reached an event",
    ),
    route(
        "/t/conversion",
        "GET, HEAD, POST",
        Class::Notice,
        "What an ad was shown for has happened",
    ),
    route(
        "/stats",
        "GET, HEAD",
        Class::Api,
        "What this bidder did since its start",
    ),
    route("/campaigns", "GET, HEAD", Class::Api, "What is loaded"),
    route(
        "/sources",
        "GET, HEAD",
        Class::Ops,
        "Who sends bid requests, and how many may come",
    ),
    route(
        "/sources/{name}",
        "GET, HEAD, PATCH",
        Class::Ops,
        "One of them: its quota and its switch",
    ),
];

/// The route of a path, and what stands in its braces.
pub(crate) fn find(path: &str) -> Option<(&'static Route, &str)> {
    ROUTES
        .iter()
        .find_map(|route| match route.path.split_once('{') {
            None => (route.path == path).then_some((route, "")),
            Some((front, _)) => {
                let rest = path.strip_prefix(front)?;
                (!rest.is_empty() && !rest.contains('/')).then_some((route, rest))
            }
        })
}

impl Handler for Worker {
    async fn handle(&self, request: Request) -> Response {
        let Some((route, rest)) = find(&request.path) else {
            return Problem::not_found().into_response();
        };
        let allowed = route
            .allow
            .split(", ")
            .any(|it| it == request.method.as_str());
        if !allowed {
            return method_not_allowed(route.allow);
        }
        let rest = rest.to_owned();
        match route.path {
            "/bid" | "/openrtb2/bid" => bid::handle(self, request).await,
            "/explain" => explain::handle(self, &request).await,
            "/win-notice" => notices::handle(self, &request, NoticeKind::Win).await,
            "/billing-notice" => notices::handle(self, &request, NoticeKind::Bill).await,
            "/loss-notice" => notices::handle(self, &request, NoticeKind::Loss).await,
            "/t/impression" => trackers::pixel(self, &request, NoticeKind::Impression).await,
            "/t/view" => trackers::pixel(self, &request, NoticeKind::View).await,
            "/t/click" => trackers::click(self, &request).await,
            "/t/conversion" => trackers::conversion(self, &request).await,
            "/t/video/{event}" => trackers::video(self, &request, &rest),
            "/stats" => stats::handle(self, &request),
            "/campaigns" => loaded::handle(self, &request),
            "/sources" => sources::list(self, &request),
            "/sources/{name}" => sources::one(self, &request, &rest),
            _ => Problem::not_found().into_response(),
        }
    }

    fn class(&self, _: &Method, path: &str) -> Class {
        find(path).map_or(Class::Api, |(route, _)| route.class)
    }

    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        match class {
            Class::Bid => self.shared.sources.admit(head),
            Class::Notice | Class::Ops | Class::Api => Admission::Open,
        }
    }

    fn on_shed(&self, headers: &HeaderMap, response: &mut Response) {
        refusals::name_shed(self, headers, response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_whole() {
        let cases = [
            ("/bid", Some("/bid")),
            ("/bid/", None),
            ("/t/video/start", Some("/t/video/{event}")),
            ("/t/video/", None),
            ("/t/video/a/b", None),
            ("/", None),
        ];
        for (path, want) in cases {
            assert_eq!(find(path).map(|(route, _)| route.path), want, "{path}");
        }
    }
}
