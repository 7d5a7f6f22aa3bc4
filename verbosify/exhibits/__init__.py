"""What visitors meet: gallery, replies, bot. Each is a pipeline, a record and a face; none knows another."""
