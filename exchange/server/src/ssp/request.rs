//! What a page, an app or a player asks for: `POST /ad-request`.

use serde_json::{Map, Value};
use service::Problem;

use crate::fields::{self, Fields};

/// A publisher's ad request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AdRequest {
    /// Which placement is to be filled.
    pub(crate) placement_id: String,
    /// An OpenRTB user object, passed on.
    pub(crate) user: Map<String, Value>,
    /// An OpenRTB device object, passed on; the peer's address and browser fill what is missing.
    pub(crate) device: Map<String, Value>,
    /// An OpenRTB regs object, passed on: which regulations apply, and what the visitor chose.
    pub(crate) regs: Map<String, Value>,
    /// URL of the page.
    pub(crate) page: Option<String>,
}

impl AdRequest {
    /// Reads `{"placement_id","user"?,"device"?,"regs"?,"page"?}`.
    ///
    /// # Errors
    /// 400 with pointers to all faults.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Box<Problem>> {
        let value = fields::json(body)?;
        let mut form = Fields::default();
        let Some(body) = value.as_object() else {
            form.refuse("", "must be an object");
            return form.done(Self::default());
        };
        let placement = form.text("/placement_id", body.get("placement_id"));
        if placement.is_none() && body.get("placement_id").is_none_or(Value::is_null) {
            form.refuse("/placement_id", "is required");
        }
        let user = form.object("/user", body.get("user"));
        let device = form.object("/device", body.get("device"));
        let regs = form.object("/regs", body.get("regs"));
        let page = form.text("/page", body.get("page"));
        if page.is_some_and(|page| !is_web(page)) {
            form.refuse(
                "/page",
                "must be a URL that begins with http:// or https://",
            );
        }
        let ask = Self {
            placement_id: placement.unwrap_or_default().to_owned(),
            user: user.cloned().unwrap_or_default(),
            device: device.cloned().unwrap_or_default(),
            regs: regs.cloned().unwrap_or_default(),
            page: page.map(str::to_owned),
        };
        form.done(ask)
    }
}

/// Whether a URL leads to a page of the web, and is no script.
pub(crate) fn is_web(url: &str) -> bool {
    let has = |scheme: &str| {
        url.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    has("https://") || has("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ad_request_is_read_or_pointed_at() {
        let full = br#"{"placement_id":"top","user":{"id":"u"},"device":null,"page":"https://paper.example/"}"#;
        let ask = AdRequest::read(full).unwrap();
        assert_eq!((&*ask.placement_id, ask.device.len()), ("top", 0));
        assert_eq!(ask.page.as_deref(), Some("https://paper.example/"));
        for (body, says) in [
            ("", "the text is empty"),
            ("{", "the text ends inside a value, after 1 bytes"),
            (
                r#"{"user":{"id":x}}"#,
                "unexpected character 'x' at byte 14, in /user/id",
            ),
        ] {
            let problem = AdRequest::read(body.as_bytes()).unwrap_err();
            assert_eq!(problem.detail, says, "{body}");
        }
        for (body, pointer) in [
            ("", ""),
            ("{", ""),
            ("[]", ""),
            ("{}", "/placement_id"),
            (r#"{"placement_id":7}"#, "/placement_id"),
            (r#"{"placement_id":""}"#, "/placement_id"),
            (r#"{"placement_id":"top","user":"u"}"#, "/user"),
            (r#"{"placement_id":"top","device":[]}"#, "/device"),
            (r#"{"placement_id":"top","page":{}}"#, "/page"),
            (
                r#"{"placement_id":"top","page":"javascript:alert(1)"}"#,
                "/page",
            ),
            (r#"{"placement_id":"top","regs":1}"#, "/regs"),
            (r#"{"placement_id":"top"} x"#, ""),
        ] {
            let problem = AdRequest::read(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status.as_u16(), 400, "{body}");
            assert_eq!(problem.pointer.as_deref(), Some(pointer), "{body}");
        }
    }
}
