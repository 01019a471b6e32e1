//! What the control plane decides: campaigns, budgets, leases, catalog.
