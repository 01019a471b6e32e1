//! What must hold for any text that arrives as the token of a notice.

use contracts::notice::{NoticeClaims, NoticeKey, SellClaims};

/// A token that nobody signed is refused, whatever it says (R7).
pub fn check(data: &[u8]) {
    let Ok(token) = std::str::from_utf8(data) else {
        return;
    };
    let keys = [NoticeKey::new(1, [7; 32]), NoticeKey::new(2, [9; 32])];
    assert!(NoticeClaims::open(token, &NoticeClaims::ring(&keys)).is_err());
    assert!(SellClaims::open(token, &SellClaims::ring(&keys)).is_err());
}
