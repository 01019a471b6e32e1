//! Rules that hold for every attribute of every object (conformance sections 2, 3 and 16).

super::table! {
    WRONG_TYPE = "wrong-type" Warning "C-24" "OpenRTB 2.6 §2.3, §4.2" "The value has another JSON type than the standard wants; readers that are strict refuse it.";
    NULL = "null" Notice "C-25" "OpenRTB 2.6 §4.2" "A null says as little as an absent attribute; leave it out.";
    UNREADABLE = "unreadable-value" Warning "C-32" "OpenRTB 2.6 §4.2" "The value cannot be read as this attribute, which counts as absent.";
    UNREADABLE_ELEMENT = "unreadable-element" Warning "C-32" "OpenRTB 2.6 §4.2" "The element cannot be read and is left out of its array.";
    UNREADABLE_PRICE = "unreadable-price" Error "C-27" "OpenRTB 2.6 §3.2.4" "A floor or currency that cannot be read must not pass as none: what it belongs to is dropped.";
    NEGATIVE_FLOOR = "negative-floor" Warning "C-27" "OpenRTB 2.6 §3.2.4" "A floor below zero counts as zero.";
    KEY_TWICE = "key-twice" Warning "C-31" "RFC 8259 §4" "The key is there twice; the last one counts, and readers differ in that.";
    DECIDING_KEY_TWICE = "deciding-key-twice" Error "C-31" "RFC 8259 §4" "A key that decides about money or identity is there twice.";
    UNKNOWN_ATTRIBUTE = "unknown-attribute" Notice "C-22" "OpenRTB 2.6 §2.6" "The standard does not name this attribute; it is passed on, and own extensions belong into ext.";
    UNKNOWN_VALUE = "unknown-value" Notice "C-21" "AdCOM 1.0 lists" "The value is in no list of the standard and is treated as unknown.";
    EXT_NOT_OBJECT = "ext-not-object" Warning "C-23" "OpenRTB 2.6 §2.9" "An ext is an object; anything else is ignored.";
    CONTRADICTION = "contradiction" Warning "C-170" "OpenRTB 2.6 Appendix B" "The signal stands in its 2.6 and its 2.5 place with different values; the 2.6 one counts.";
    KEYWORDS_TWICE = "keywords-and-kwarray" Warning "C-44" "OpenRTB 2.6 §3.2.13" "One of keywords and kwarray may be there; kwarray counts.";
    LANGUAGE_TWICE = "language-and-langb" Warning "C-43" "OpenRTB 2.6 §3.2.16" "One of language and langb may be there; langb counts.";
    LANGUAGE_CODE = "language-code" Warning "C-28" "OpenRTB 2.6 §3.2.16" "A language is two letters of ISO 639-1.";
    LANGB_CODE = "langb-code" Warning "C-28" "OpenRTB 2.6 §3.2.16" "A language tag is of BCP 47, such as en-US.";
    DOMAIN = "domain-shape" Warning "C-29" "OpenRTB 2.6 §3.2.1" "A domain has no scheme, path, port or trailing dot.";
    CATEGORY = "category-shape" Warning "C-30" "AdCOM 1.0 Category Taxonomies" "In taxonomy 1 a category is IAB1 to IAB26 with an optional part such as -3.";
    CATEGORY_TAXONOMY = "category-taxonomy" Warning "C-30" "AdCOM 1.0 Category Taxonomies" "An IAB code of taxonomy 1 stands under another cattax, in which it means nothing.";
}
