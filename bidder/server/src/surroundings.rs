//! What is found out besides the request: the device from its headers, the place of its address.

use std::net::IpAddr;

use bidder_core::opportunity::Identity;
use bidder_core::surroundings::Around;
use contracts::catalog::Degrees;
use lookup::{Devices, Places, PlacesError};
use openrtb::BidRequest;

use crate::config::Config;

/// Reads devices and places; the user agents that were met last are remembered.
#[derive(Debug)]
pub(crate) struct Finder {
    devices: Devices,
    places: Option<Places>,
}

impl Finder {
    /// With the database that the configuration names, if it names one.
    ///
    /// # Errors
    /// That database cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self, PlacesError> {
        let path = &config.geo_database;
        let places = if path.as_os_str().is_empty() {
            None
        } else {
            let places = Places::open(path)?;
            let (kind, made) = places.describe();
            tracing::info!(path = %path.display(), kind, made, "places of addresses are known");
            Some(places)
        };
        Ok(Self {
            devices: Devices::new(config.known_agents),
            places,
        })
    }

    /// Finds what the request does not say. Of somebody who may not be recognised the region is looked up and
    /// nothing closer (C-161, C-162).
    pub(crate) fn find(&self, request: &BidRequest<'_>, identity: Identity) -> Around {
        let Some(device) = request.device.as_deref() else {
            return Around::default();
        };
        let found = self.devices.of(device);
        let mut around = Around {
            device_type: found.kind.map(|kind| kind.0),
            make: found.make.clone(),
            model: found.model.clone(),
            os: found.os.clone(),
            os_version: found.os_version.clone(),
            browser: found.browser.clone(),
            ..Around::default()
        };
        let addresses = [device.ip.as_deref(), device.ipv6.as_deref()];
        let mut addresses = addresses
            .into_iter()
            .flatten()
            .filter_map(|text| text.trim().parse::<IpAddr>().ok());
        let place = self
            .places
            .as_ref()
            .and_then(|places| addresses.find_map(|address| places.find(address)));
        if let Some(place) = place {
            around.country = place.country.map(Into::into);
            around.region = place.region.map(Into::into);
            if identity != Identity::Allowed {
                return around;
            }
            around.city = place.city.map(Into::into);
            around.metro = place.metro.map(Into::into);
            around.postal_code = place.postal.map(Into::into);
            let micros = |degrees| Some(Degrees::from_degrees(degrees)?.micros());
            around.middle = place
                .middle
                .and_then(|(latitude, longitude)| micros(latitude).zip(micros(longitude)));
        }
        around
    }
}
