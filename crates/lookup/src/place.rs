//! Where an address is, by a database of the MaxMind DB format.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use units::country;

/// Where an address is, as far as the database tells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// ISO 3166-1 alpha-3.
    pub country: Option<&'static str>,
    /// ISO 3166-2 without its country, or the region's name where the database has no code.
    pub region: Option<Box<str>>,
    /// City, by its English name.
    pub city: Option<Box<str>>,
    /// Metro code (Nielsen's DMA).
    pub metro: Option<Box<str>>,
    /// Postal code.
    pub postal: Option<Box<str>>,
    /// Latitude and longitude in degrees: the middle of the place, not of the device (C-141).
    pub middle: Option<(f64, f64)>,
}

/// A database in memory.
pub struct Places {
    reader: Reader<Vec<u8>>,
    path: PathBuf,
}

/// A database that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}: {fault}; wanted is a database of countries or cities in the MaxMind DB format (.mmdb)"
)]
pub struct PlacesError {
    path: String,
    fault: MaxMindDbError,
}

impl std::fmt::Debug for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Places").field("path", &self.path).finish()
    }
}

impl Places {
    /// Reads the whole database into memory.
    ///
    /// # Errors
    /// The file cannot be read, or is no such database.
    pub fn open(path: &Path) -> Result<Self, PlacesError> {
        Reader::open_readfile(path)
            .map(|reader| Self {
                reader,
                path: path.to_path_buf(),
            })
            .map_err(|fault| PlacesError {
                path: path.display().to_string(),
                fault,
            })
    }

    /// What kind of database it is, and when it was made, in seconds since 1970: for a person who asks.
    #[must_use]
    pub fn describe(&self) -> (&str, u64) {
        let metadata = self.reader.metadata();
        (&metadata.database_type, metadata.build_epoch)
    }

    /// The place of an address; `None` for one that is not in the database.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<Place> {
        // ::ffff:a.b.c.d is where a.b.c.d is.
        let address = address.to_canonical();
        let row = self
            .reader
            .lookup(address)
            .ok()?
            .decode::<Row<'_>>()
            .ok()??;
        let place = row.place();
        (place != Place::default()).then_some(place)
    }
}

/// A row of either of the two shapes that are met: nested, as MaxMind's, or flat, as DB-IP's in plain form.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow, default)]
    country: Named<'a>,
    #[serde(borrow, default)]
    registered_country: Named<'a>,
    #[serde(borrow, default)]
    city: City<'a>,
    #[serde(borrow, default)]
    subdivisions: Vec<Named<'a>>,
    #[serde(default)]
    location: Location,
    #[serde(borrow, default)]
    postal: Postal<'a>,
    country_code: Option<&'a str>,
    state1: Option<&'a str>,
    postcode: Option<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Named<'a> {
    iso_code: Option<&'a str>,
    #[serde(borrow, default)]
    names: Names<'a>,
}

#[derive(Default, Deserialize)]
struct Names<'a> {
    en: Option<&'a str>,
}

/// Flat databases have the name itself here.
#[derive(Deserialize)]
#[serde(untagged)]
enum City<'a> {
    Flat(&'a str),
    Nested(#[serde(borrow)] Named<'a>),
}

impl Default for City<'_> {
    fn default() -> Self {
        Self::Nested(Named::default())
    }
}

#[derive(Default, Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
    metro_code: Option<u16>,
}

#[derive(Default, Deserialize)]
struct Postal<'a> {
    code: Option<&'a str>,
}

impl Row<'_> {
    fn place(&self) -> Place {
        let text = |text: Option<&str>| text.filter(|it| !it.is_empty()).map(Box::from);
        let code = self
            .country
            .iso_code
            .or(self.country_code)
            .or(self.registered_country.iso_code);
        let state = self.subdivisions.first();
        let city = match &self.city {
            City::Flat(name) => Some(*name),
            City::Nested(named) => named.names.en,
        };
        let degrees = |nested: Option<f64>, flat| nested.or(flat);
        Place {
            country: code.and_then(country::alpha_3),
            region: text(
                state
                    .and_then(|it| it.iso_code.or(it.names.en))
                    .or(self.state1),
            ),
            city: text(city),
            metro: self
                .location
                .metro_code
                .map(|code| code.to_string().into_boxed_str()),
            postal: text(self.postal.code.or(self.postcode)),
            middle: degrees(self.location.latitude, self.latitude)
                .zip(degrees(self.location.longitude, self.longitude)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mmdb::{Database, map, number, text};

    fn places(name: &str, rows: Vec<(&str, crate::mmdb::Value)>) -> Places {
        let path = std::env::temp_dir().join(format!("lookup-{}-{name}.mmdb", std::process::id()));
        let mut database = Database::default();
        for (network, row) in rows {
            database.insert(network, &row);
        }
        std::fs::write(&path, database.bytes()).unwrap();
        let places = Places::open(&path);
        std::fs::remove_file(&path).unwrap();
        places.unwrap()
    }

    fn find(places: &Places, address: &str) -> Option<Place> {
        places.find(address.parse().unwrap())
    }

    #[test]
    fn both_shapes_are_read() {
        let places = places(
            "shapes",
            vec![
                ("192.0.2.0/25", map(vec![("country_code", text("DE"))])),
                (
                    "192.0.2.128/25",
                    map(vec![
                        ("city", text("Lyon")),
                        ("country_code", text("FR")),
                        ("state1", text("Auvergne-Rhône-Alpes")),
                        ("postcode", text("69001")),
                        ("latitude", number(45.75)),
                        ("longitude", number(4.85)),
                    ]),
                ),
                (
                    "198.51.100.0/24",
                    map(vec![
                        ("country", map(vec![("iso_code", text("US"))])),
                        (
                            "city",
                            map(vec![("names", map(vec![("en", text("Boston"))]))]),
                        ),
                        (
                            "subdivisions",
                            crate::mmdb::array(vec![map(vec![("iso_code", text("MA"))])]),
                        ),
                        ("postal", map(vec![("code", text("02108"))])),
                        (
                            "location",
                            map(vec![
                                ("latitude", number(42.35)),
                                ("longitude", number(-71.06)),
                                ("metro_code", crate::mmdb::u16(506)),
                            ]),
                        ),
                    ]),
                ),
            ],
        );
        let german = Place {
            country: Some("DEU"),
            ..Place::default()
        };
        assert_eq!(find(&places, "192.0.2.1"), Some(german.clone()));
        assert_eq!(find(&places, "::ffff:192.0.2.1"), Some(german));
        let lyon = find(&places, "192.0.2.200").unwrap();
        assert_eq!(lyon.country, Some("FRA"));
        assert_eq!(lyon.city.as_deref(), Some("Lyon"));
        assert_eq!(lyon.region.as_deref(), Some("Auvergne-Rhône-Alpes"));
        assert_eq!(lyon.postal.as_deref(), Some("69001"));
        assert_eq!(lyon.middle, Some((45.75, 4.85)));
        let boston = find(&places, "198.51.100.9").unwrap();
        assert_eq!(boston.country, Some("USA"));
        assert_eq!(boston.region.as_deref(), Some("MA"));
        assert_eq!(boston.city.as_deref(), Some("Boston"));
        assert_eq!(boston.metro.as_deref(), Some("506"));
        assert_eq!(boston.postal.as_deref(), Some("02108"));
        assert_eq!(find(&places, "203.0.113.1"), None);
        assert_eq!(find(&places, "2001:db8::1"), None);
        assert_eq!(places.describe().0, "Test");
    }

    #[test]
    fn what_is_no_database_is_named() {
        let path = std::env::temp_dir().join(format!("lookup-{}-none.mmdb", std::process::id()));
        std::fs::write(&path, b"no database").unwrap();
        let told = Places::open(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(told.contains("none.mmdb"), "{told}");
        assert!(told.contains(".mmdb)"), "{told}");
    }
}
