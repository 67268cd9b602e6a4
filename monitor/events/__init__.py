"""Events: what has happened, as typed values. Their texts, and whom they are sent to, belong elsewhere."""
