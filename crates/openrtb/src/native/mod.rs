//! Native 1.2: the request inside an imp, the response inside a bid, and whether they match.

mod check;
mod read;
mod request;
mod response;

pub use check::{NativeFault, check};
pub(crate) use read::is_object;
pub use request::{
    AssetRequest, DataRequest, EventTrackerRequest, ImageRequest, NativeRequest, TitleRequest,
    VideoRequest,
};
pub use response::{
    AssetResponse, DataResponse, EventTrackerResponse, ImageResponse, LinkResponse, NativeResponse,
    TitleResponse, VideoResponse,
};
