"""The domain: the guarantee, the cadence, and the sources; it uses no database and reads no clock."""
