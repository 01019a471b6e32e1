//! The content that surrounds the ad.

use super::{Channel, Data, Network, Producer};
use crate::enums::{CategoryTaxonomy, ContentContext, MediaRating, ProductionQuality};
use crate::json::Str;
use crate::object::object;

object! {
    /// The content (OpenRTB 2.6 §3.2.16).
    pub struct Content<'a> of "OpenRTB 2.6 §3.2.16" {
        /// Id of the content.
        id: Option<Str<'a>> = "id",
        /// Number of the episode.
        episode: Option<i32> = "episode",
        /// Title.
        title: Option<Str<'a>> = "title",
        /// Series.
        series: Option<Str<'a>> = "series",
        /// Season.
        season: Option<Str<'a>> = "season",
        /// Artist.
        artist: Option<Str<'a>> = "artist",
        /// Genre in free words.
        genre: Option<Str<'a>> = "genre",
        /// Taxonomy of `genres`; absent is 9.
        gtax: Option<CategoryTaxonomy> = "gtax",
        /// Genres as ids (C-148).
        genres: Vec<Str<'a>> = "genres",
        /// Album.
        album: Option<Str<'a>> = "album",
        /// International Standard Recording Code.
        isrc: Option<Str<'a>> = "isrc",
        /// The producer.
        producer: Option<Box<Producer<'a>>> = "producer",
        /// URL of the content.
        url: Option<Str<'a>> = "url",
        /// Taxonomy of `cat`; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories.
        cat: Vec<Str<'a>> = "cat",
        /// Production quality.
        prodq: Option<ProductionQuality> = "prodq",
        /// Production quality (2.4, C-172).
        videoquality: Option<ProductionQuality> = "videoquality",
        /// Kind of content.
        context: Option<ContentContext> = "context",
        /// Content rating, such as `TV-14`.
        contentrating: Option<Str<'a>> = "contentrating",
        /// Rating by users.
        userrating: Option<Str<'a>> = "userrating",
        /// Media rating.
        qagmediarating: Option<MediaRating> = "qagmediarating",
        /// Keywords, separated by commas.
        keywords: Option<Str<'a>> = "keywords",
        /// Keywords as an array; excludes `keywords` (C-44).
        kwarray: Vec<Str<'a>> = "kwarray",
        /// Whether it is a scheduled broadcast.
        livestream: Option<bool> = "livestream",
        /// Whether the source is direct.
        sourcerelationship: Option<bool> = "sourcerelationship",
        /// Length in seconds.
        len: Option<i32> = "len",
        /// Language, ISO 639-1.
        language: Option<Str<'a>> = "language",
        /// Language, BCP 47; excludes `language` (C-43).
        langb: Option<Str<'a>> = "langb",
        /// Whether it may be embedded elsewhere.
        embeddable: Option<bool> = "embeddable",
        /// Data about the content.
        data: Vec<Data<'a>> = "data",
        /// The network.
        network: Option<Box<Network<'a>>> = "network",
        /// The channel.
        channel: Option<Box<Channel<'a>>> = "channel",
        /// Whether it happens now.
        realtime: Option<bool> = "realtime",
        /// Whether it is its first airing.
        firstbroadcast: Option<bool> = "firstbroadcast",
    }
}
