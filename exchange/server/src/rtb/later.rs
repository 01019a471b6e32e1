//! What became of a win after its auction, as notices told it.

use std::fmt;

/// What is known of it by now; nothing at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Later {
    is_billed: bool,
    /// The SSP told a loss, and its reason, where it gave one.
    loss: Option<Option<i32>>,
    /// The loss was told first.
    is_loss_first: bool,
    /// Why its win notice brought no markup that may be shown.
    unserved: Option<&'static str>,
}

/// What a notice tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was shown, and is paid.
    Billed,
    /// It lost where the SSP decided, for this reason.
    Loss(Option<i32>),
    /// Its win notice brought no markup that may be shown, and why.
    Unserved(&'static str),
}

impl Later {
    /// Adds what a notice tells.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Billed => {
                self.is_loss_first = self.loss.is_some();
                self.is_billed = true;
            }
            News::Loss(reason) => self.loss = Some(reason),
            News::Unserved(why) => self.unserved = Some(why),
        }
    }

    /// Whether it lost upstream after all: what was billed did not.
    pub(super) const fn is_lost(self) -> bool {
        self.loss.is_some() && !self.is_billed
    }

    /// Whether its win notice brought no markup that may be shown.
    pub(super) const fn is_forfeit(self) -> bool {
        self.unserved.is_some()
    }
}

impl fmt::Display for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = self.unserved {
            return write!(
                f,
                ", and is forfeit: its win notice brought no markup that may be shown ({why})"
            );
        }
        let (before, behind) = match (self.is_billed, self.is_loss_first) {
            (false, _) => ("", ""),
            (true, true) => ("", ", and billed it all the same"),
            (true, false) => (", billed", ""),
        };
        f.write_str(before)?;
        match self.loss {
            None => {}
            Some(None) => f.write_str("; the SSP then told its loss")?,
            Some(Some(reason)) => write!(f, "; the SSP then told its loss ({reason})")?,
        }
        f.write_str(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use News::{Billed, Loss, Unserved};

    #[test]
    fn what_notices_told_in_their_order() {
        #[rustfmt::skip]
        let rows: [(&str, &[News], &str, bool); 8] = [
            ("nothing yet", &[], "", false),
            ("X-90", &[Billed], ", billed", false),
            ("X-80", &[Loss(Some(102))], "; the SSP then told its loss (102)", true),
            ("X-80 without a reason", &[Loss(None)], "; the SSP then told its loss", true),
            ("after billing", &[Billed, Loss(Some(102))], ", billed; the SSP then told its loss (102)", false),
            ("before billing", &[Loss(None), Billed], "; the SSP then told its loss, and billed it all the same", false),
            ("X-93", &[Unserved("not_secure")], ", and is forfeit: its win notice brought no markup that may be shown (not_secure)", false),
            ("X-93, and a loss", &[Unserved("forfeit"), Loss(Some(1))], ", and is forfeit: its win notice brought no markup that may be shown (forfeit)", true),
        ];
        for (says, news, want, is_lost) in rows {
            let mut later = Later::default();
            news.iter().for_each(|news| later.hear(*news));
            assert_eq!(later.to_string(), want, "{says}");
            assert_eq!(later.is_lost(), is_lost, "{says}");
            let is_forfeit = news.iter().any(|it| matches!(it, Unserved(_)));
            assert_eq!(later.is_forfeit(), is_forfeit, "{says}");
        }
    }
}
