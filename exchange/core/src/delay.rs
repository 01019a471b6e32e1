//! How long after its auction an impression comes, where its imp does not say (X-57).

use openrtb::enums::{DeviceType, ServerSideInsertion};
use openrtb::{BidRequest, Imp};
use units::DurationMillis;

use crate::medium::Medium;

/// The usual delays, by place and medium (OpenRTB 2.6 §7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualDelays {
    /// Banners and native ads of web pages, and of whatever names no place.
    pub web: DurationMillis,
    /// Banners in apps, which may be fetched ahead.
    pub app: DurationMillis,
    /// Native ads in apps.
    pub app_native: DurationMillis,
    /// Video and audio that a player inserts.
    pub video: DurationMillis,
    /// Whole screens and rewarded ads in apps.
    pub interstitial: DurationMillis,
    /// Video and audio on television or stitched by a server, and displays out of home.
    pub stitched: DurationMillis,
}

impl UsualDelays {
    /// How long an imp's ad of that medium is usually on its way. An imp that names the time of its display is late
    /// by nothing beyond that.
    #[must_use]
    pub fn of(&self, request: &BidRequest<'_>, imp: &Imp<'_>, medium: Medium) -> DurationMillis {
        if imp.dt.is_some() {
            return DurationMillis(0);
        }
        if request.dooh.is_some() {
            return self.stitched;
        }
        let is_app = request.app.is_some();
        let is_whole_screen = is_app && (imp.instl() || imp.rwdd == Some(true));
        match medium {
            Medium::Video | Medium::Audio if is_stitched(request, imp) => self.stitched,
            _ if is_whole_screen => self.interstitial,
            Medium::Video | Medium::Audio => self.video,
            Medium::Native if is_app => self.app_native,
            Medium::Banner if is_app => self.app,
            Medium::Banner | Medium::Native => self.web,
        }
    }
}

impl Default for UsualDelays {
    fn default() -> Self {
        Self {
            web: DurationMillis::from_secs(60),
            app: DurationMillis::from_secs(300),
            app_native: DurationMillis::from_secs(600),
            video: DurationMillis::from_secs(300),
            interstitial: DurationMillis::from_secs(1_800),
            stitched: DurationMillis::from_secs(3_600),
        }
    }
}

fn is_stitched(request: &BidRequest<'_>, imp: &Imp<'_>) -> bool {
    let device = request.device.as_deref();
    let is_television = device
        .and_then(|device| device.devicetype)
        .is_some_and(|it| matches!(it, DeviceType::CONNECTED_TV | DeviceType::SET_TOP_BOX));
    let by_server = matches!(
        imp.ssai(),
        ServerSideInsertion::STITCHED | ServerSideInsertion::SERVER
    );
    is_television || by_server
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn x_57_where_the_imp_says_nothing_its_place_and_medium_do() {
        use Medium::{Audio, Banner, Native, Video};
        #[rustfmt::skip]
        let cases = [
            ("a page", r#""site":{}"#, "", Banner, 60),
            ("a page, native", r#""site":{}"#, "", Native, 60),
            ("a whole screen of a page", r#""site":{}"#, r#","instl":1"#, Banner, 60),
            ("a page's player", r#""site":{}"#, "", Video, 300),
            ("no place", r#""at":1"#, "", Banner, 60),
            ("an app", r#""app":{}"#, "", Banner, 300),
            ("an app, native", r#""app":{}"#, "", Native, 600),
            ("an app's player", r#""app":{}"#, "", Audio, 300),
            ("a whole screen of an app", r#""app":{}"#, r#","instl":1"#, Banner, 1_800),
            ("a rewarded video", r#""app":{}"#, r#","rwdd":1"#, Video, 1_800),
            ("stitched by a server", r#""site":{}"#, r#","ssai":2"#, Audio, 3_600),
            ("television", r#""app":{},"device":{"devicetype":3}"#, "", Video, 3_600),
            ("a banner on a television", r#""app":{},"device":{"devicetype":3}"#, "", Banner, 300),
            ("out of home", r#""dooh":{}"#, "", Banner, 3_600),
            ("C-150 a display that names its time", r#""dooh":{}"#, r#","dt":1793390400000"#, Banner, 0),
        ];
        for (item, request, imp, medium, seconds) in cases {
            let body = format!(r#"{{"id":"r",{request},"imp":[{{"id":"1","banner":{{}}{imp}}}]}}"#);
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            let told = UsualDelays::default().of(&request, &request.imp[0], medium);
            assert_eq!(told, DurationMillis::from_secs(seconds), "{item}");
        }
    }
}
