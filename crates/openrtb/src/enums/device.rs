//! Devices, connections and positions.

use super::open_enum;

open_enum! {
    /// `device.devicetype`.
    pub struct DeviceType {
        /// Mobile or tablet, in 2.5 also for 4 and 5.
        MOBILE_OR_TABLET = 1,
        /// Personal computer.
        PERSONAL_COMPUTER = 2,
        /// Connected TV.
        CONNECTED_TV = 3,
        /// Phone.
        PHONE = 4,
        /// Tablet.
        TABLET = 5,
        /// Connected device.
        CONNECTED_DEVICE = 6,
        /// Set-top box.
        SET_TOP_BOX = 7,
        /// Out-of-home screen.
        OUT_OF_HOME = 8,
    }

    /// `device.connectiontype`.
    pub struct ConnectionType {
        /// Unknown (2.5, C-174).
        UNKNOWN = 0,
        /// Ethernet.
        ETHERNET = 1,
        /// Wi-Fi.
        WIFI = 2,
        /// Cellular, generation unknown.
        CELLULAR = 3,
        /// Cellular, 2G.
        CELLULAR_2G = 4,
        /// Cellular, 3G.
        CELLULAR_3G = 5,
        /// Cellular, 4G.
        CELLULAR_4G = 6,
        /// Cellular, 5G.
        CELLULAR_5G = 7,
    }

    /// `geo.type`: where a position comes from (C-141).
    pub struct LocationType {
        /// GPS or location services.
        GPS = 1,
        /// IP address.
        IP = 2,
        /// Provided by the user.
        USER_PROVIDED = 3,
    }

    /// `geo.ipservice`.
    pub struct IpLocationService {
        /// ip2location.
        IP2LOCATION = 1,
        /// Neustar.
        NEUSTAR = 2,
        /// MaxMind.
        MAXMIND = 3,
        /// NetAcuity.
        NETACUITY = 4,
        /// 51Degrees, high confidence.
        FIFTY_ONE_DEGREES_HIGH = 511,
        /// 51Degrees, medium confidence.
        FIFTY_ONE_DEGREES_MEDIUM = 512,
    }

    /// `sua.source`: where client hints come from.
    pub struct UserAgentSource {
        /// Unknown; the default.
        UNKNOWN = 0,
        /// Client hints of low entropy.
        HINTS_LOW = 1,
        /// Client hints of high entropy.
        HINTS_HIGH = 2,
        /// Parsed from the User-Agent header.
        USER_AGENT = 3,
    }
}
