//! One HTTP exchange: TLS, proxy, limits and the origin guard.
