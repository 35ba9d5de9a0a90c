"""The platform's own SQLite file: accounts and what proves who somebody is, and what belongs to no tenant."""
