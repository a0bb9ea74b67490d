"""Shipped with the package, for those who write an interface: the suite every interface passes."""
