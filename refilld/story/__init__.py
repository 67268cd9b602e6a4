"""An order's story: gathered from the database, told in time order, for people and for programs."""
