//! A device, by client hints before the user agent (C-140).

use std::sync::Arc;

use openrtb::enums::DeviceType;
use quick_cache::sync::Cache;

use crate::{agent, hints};

/// What is known of a device; what is not known is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// Kind of device, a value of AdCOM's list.
    pub kind: Option<DeviceType>,
    /// Who made it.
    pub make: Option<Arc<str>>,
    /// Its model, as the maker names it.
    pub model: Option<Arc<str>>,
    /// Operating system: `Android`, `iOS`, `Windows`, `macOS`, `Linux`, `ChromeOS`, `Tizen`, `webOS`, …
    pub os: Option<Arc<str>>,
    /// Its version, with dots.
    pub os_version: Option<Arc<str>>,
    /// Browser: `Chrome`, `Safari`, `Firefox`, `Edge`, `Opera`, `Samsung Internet`, …
    pub browser: Option<Arc<str>>,
    /// Its version, with dots.
    pub browser_version: Option<Arc<str>>,
}

/// The most bytes of a user agent that are looked at; what is longer is no browser's.
const LONGEST: usize = 1_024;

/// Reads devices and remembers what user agents said.
#[derive(Debug)]
pub struct Devices {
    agents: Cache<Box<str>, Arc<Device>>,
}

impl Devices {
    /// Remembers so many user agents at most, those that are met most.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            agents: Cache::new(most),
        }
    }

    /// What the user agent says; from memory where it was met before.
    #[must_use]
    pub fn of_agent(&self, ua: &str) -> Arc<Device> {
        if ua.len() > LONGEST {
            return Arc::default();
        }
        if let Some(known) = self.agents.get(ua) {
            return known;
        }
        let read = Arc::new(agent::read(ua));
        self.agents.insert(ua.into(), Arc::clone(&read));
        read
    }

    /// What the request says of the device, filled up from its client hints, then from its user agent.
    ///
    /// What it says itself in `devicetype`, `make`, `model`, `os` and `osv` is left out: it is known already.
    #[must_use]
    pub fn of(&self, device: &openrtb::Device<'_>) -> Arc<Device> {
        let agent = device.ua.as_deref().map(|ua| self.of_agent(ua));
        let Some(sua) = device.sua.as_deref() else {
            return agent.unwrap_or_default();
        };
        let mut hinted = hints::read(sua);
        if let Some(agent) = agent {
            hinted.fill(&agent);
        }
        Arc::new(hinted)
    }
}

impl Device {
    /// Takes from `other` what is not known. A version goes with its name: of another system it says nothing.
    fn fill(&mut self, other: &Self) {
        let same = |mine: &Option<Arc<str>>, theirs: &Option<Arc<str>>| {
            mine.is_none()
                || mine
                    .as_deref()
                    .zip(theirs.as_deref())
                    .is_some_and(|(mine, theirs)| mine.eq_ignore_ascii_case(theirs))
        };
        if self.os_version.is_none() && same(&self.os, &other.os) {
            self.os_version.clone_from(&other.os_version);
        }
        if self.browser_version.is_none() && same(&self.browser, &other.browser) {
            self.browser_version.clone_from(&other.browser_version);
        }
        if self.make.is_none() && same(&self.model, &other.model) {
            self.make.clone_from(&other.make);
        }
        self.kind = self.kind.or(other.kind);
        for (mine, theirs) in [
            (&mut self.os, &other.os),
            (&mut self.browser, &other.browser),
            (&mut self.model, &other.model),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::{BidRequest, Limits};

    fn device(json: &str) -> Arc<Device> {
        let body = format!(
            r#"{{"id":"1","imp":[{{"id":"1","banner":{{"w":1,"h":1}}}}],"device":{json}}}"#
        );
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        Devices::new(8).of(request.device.as_deref().unwrap())
    }

    /// What Chrome sends since it froze its user agent: Android 10, model K.
    const FROZEN: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36";

    #[test]
    fn hints_are_truer_than_the_user_agent() {
        // C-140
        let found = device(&format!(
            r#"{{"ua":"{FROZEN}","sua":{{"browsers":[{{"brand":"Not-A.Brand","version":["99"]}},{{"brand":"Chromium","version":["124"]}},{{"brand":"Google Chrome","version":["124","0","6367","82"]}}],"platform":{{"brand":"Android","version":["14"]}},"mobile":1,"model":"Pixel 8","source":2}}}}"#
        ));
        let want = Device {
            kind: Some(DeviceType::PHONE),
            make: Some("Google".into()),
            model: Some("Pixel 8".into()),
            os: Some("Android".into()),
            os_version: Some("14".into()),
            browser: Some("Chrome".into()),
            browser_version: Some("124.0.6367.82".into()),
        };
        assert_eq!(*found, want);
    }

    #[test]
    fn what_hints_do_not_say_comes_from_the_user_agent() {
        let found = device(&format!(
            r#"{{"ua":"{FROZEN}","sua":{{"platform":{{"brand":"Android"}}}}}}"#
        ));
        assert_eq!(found.os_version.as_deref(), Some("10"));
        assert_eq!(found.kind, Some(DeviceType::PHONE));
        // The version of one system says nothing of another.
        let found = device(&format!(
            r#"{{"ua":"{FROZEN}","sua":{{"platform":{{"brand":"Windows"}}}}}}"#
        ));
        assert_eq!(found.os.as_deref(), Some("Windows"));
        assert_eq!(found.os_version, None);
    }

    #[test]
    fn a_user_agent_is_read_once() {
        let devices = Devices::new(8);
        assert!(Arc::ptr_eq(
            &devices.of_agent(FROZEN),
            &devices.of_agent(FROZEN)
        ));
        let endless = "x".repeat(LONGEST + 1);
        assert_eq!(*devices.of_agent(&endless), Device::default());
    }
}
