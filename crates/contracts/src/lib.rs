//! What Gavel's services say to one another: catalog, events, leases, notice tokens, profiles.
