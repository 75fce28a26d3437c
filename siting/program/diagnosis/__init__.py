"""Why there is no plan: certificates by arithmetic and bounds, and the elastic program."""
